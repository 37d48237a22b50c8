// What the cases are measured against: OpenSSL, LMDB and memcpy as a C programmer would call them.
#ifndef YUCHAIN_BASELINES_H
#define YUCHAIN_BASELINES_H

#include <stddef.h>
#include <stdint.h>

/// Seconds of processor time this thread has used.
double bench_processor_seconds(void);

/// Version of the OpenSSL that runs.
const char *_Nonnull bench_openssl_version(void);

/// Makes an SM2 key of x ‖ y; NULL if OpenSSL refuses it.
void *_Nullable bench_sm2_key(const uint8_t *_Nonnull point);
void bench_sm2_free(void *_Nonnull key);
/// Writes the DER of r ‖ s and returns its length.
size_t bench_sm2_der(const uint8_t *_Nonnull raw, uint8_t *_Nonnull der);
/// 1 if the DER signature is valid for the message, with the default id.
int bench_sm2_verify(void *_Nonnull key, const uint8_t *_Nonnull der, size_t length, const uint8_t *_Nonnull message, size_t count);

/// Hashes `count` messages of `length` bytes that lie one after another, with one reused context; `sm3` 1 = SM3, 0 = SHA-256.
void bench_hash(int sm3, const uint8_t *_Nonnull messages, size_t length, size_t count, uint8_t *_Nonnull digests);
/// The RFC 9162 root of `count` SM3 leaf hashes; `leaves` is overwritten.
void bench_sm3_tree(uint8_t *_Nonnull leaves, size_t count, uint8_t *_Nonnull root);

/// How many blocks of memory the process has asked for since counting was last switched on; all threads.
uint64_t bench_allocations(void);
/// Switches counting on, from 0, or off.
void bench_count_allocations(int on);
/// Bytes that the process has handed to write calls, by the kernel's count; 0 where it keeps none.
uint64_t bench_bytes_written(void);

/// Makes the kernel have at least `bytes` of free memory that stays the machine's: writes to twice as many, gives every second piece back,
/// and keeps the others until the next call. Returns the seconds that a page's first write took; 0 if there is no such memory.
double bench_touch_memory(size_t bytes);

/// Copies `length` bytes.
void bench_copy(const uint8_t *_Nonnull from, uint8_t *_Nonnull to, size_t length);

/// Opens an LMDB file of at most `mib` MiB in a folder that exists; NULL on failure.
void *_Nullable bench_map_open(const char *_Nonnull folder, size_t mib);
void bench_map_close(void *_Nonnull map);
/// Puts `count` pairs in one synced transaction: `sizes` holds a key's and a value's length in turn, `bytes` their bytes. 0 on success.
int bench_map_put(void *_Nonnull map, const uint8_t *_Nonnull bytes, const uint32_t *_Nonnull sizes, size_t count);

#endif
