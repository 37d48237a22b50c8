// LMDB's C API, and statfs, which Swift's Glibc module does not export. Only ChainCore/Storage imports this module.
#ifndef YUCHAIN_CLMDB_SHIM_H
#define YUCHAIN_CLMDB_SHIM_H

#include <lmdb.h>
#ifdef __linux__
#include <sys/vfs.h>
#endif

#endif
