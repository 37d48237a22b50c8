// LMDB's C API. Only ChainCore/Storage imports this module.
#ifndef YUCHAIN_CLMDB_SHIM_H
#define YUCHAIN_CLMDB_SHIM_H

#include <lmdb.h>

#endif
