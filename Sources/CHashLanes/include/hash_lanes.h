// SM3 (GB/T 32905) of many messages of one length at once, one message a vector lane. Public data only.
#ifndef YUCHAIN_HASH_LANES_H
#define YUCHAIN_HASH_LANES_H

#include <stddef.h>
#include <stdint.h>

/// The bodies. All give the same digests; which of them run depends on the processor.
enum {
  /// The fastest that this processor has, chosen once.
  YUCHAIN_LANES_BEST = 0,
  /// One message after another.
  YUCHAIN_LANES_ONE = 1,
  /// Eight lanes in what every processor of this architecture has.
  YUCHAIN_LANES_PORTABLE = 2,
  /// Eight lanes in AVX2.
  YUCHAIN_LANES_AVX2 = 3,
  /// Sixteen lanes in AVX-512.
  YUCHAIN_LANES_AVX512 = 4
};

/// 1 if this processor runs `body`.
int yuchain_lanes_has(int body);

/// Hashes `count` messages of `length` bytes that lie one after another. Digests are four big-endian numbers each, in host order.
void yuchain_sm3_messages(
    const uint8_t *_Nonnull messages, size_t length, size_t count, uint64_t *_Nonnull digests, int body);

/// Hashes `count` tree nodes: `prefix` (at most 32 bytes) and two digests, which lie in pairs at `children`. `digests` may be `children`.
void yuchain_sm3_nodes(
    const uint8_t *_Nonnull prefix, size_t prefixLength, const uint64_t *_Nonnull children, size_t count, uint64_t *_Nonnull digests,
    int body);

#endif
