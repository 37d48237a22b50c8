// libqrencode's C API. Only AppPages/QRCode.swift imports this module.
#ifndef YUCHAIN_CQRENCODE_SHIM_H
#define YUCHAIN_CQRENCODE_SHIM_H

#include <qrencode.h>

#endif
