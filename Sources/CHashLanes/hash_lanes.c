#include "hash_lanes.h"

#include <string.h>

static const uint32_t initial[8] = {0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e};

// T_j rotated left by j: 0x79cc4519 in the first 16 rounds, then 0x7a879d8a.
#define T(t, n) ((uint32_t)((uint64_t)(t) << ((n) % 32) | (uint64_t)(t) >> (32 - (n) % 32)))
#define T4(t, n) T(t, n), T(t, n + 1), T(t, n + 2), T(t, n + 3)
#define T16(t, n) T4(t, n), T4(t, n + 4), T4(t, n + 8), T4(t, n + 12)
static const uint32_t constants[64] = {
    T16(0x79cc4519u, 0), T16(0x7a879d8au, 16), T16(0x7a879d8au, 32), T16(0x7a879d8au, 48)};

/// Writes the last `rest` bytes of a message of `length` bytes with their padding, `size` bytes in all.
static inline void pad(uint8_t *end, const uint8_t *bytes, size_t rest, size_t length, size_t size) {
  if (rest > 0) memcpy(end, bytes, rest);
  end[rest] = 0x80;
  memset(end + rest + 1, 0, size - rest - 1);
  for (int i = 0; i < 8; i++) end[size - 1 - (size_t)i] = (uint8_t)((uint64_t)length * 8 >> (8 * i));
}

typedef uint32_t words8 __attribute__((vector_size(32)));
typedef uint32_t words16 __attribute__((vector_size(64)));

#define NAME(f) one_##f
#define LANES 1
#define WORDS uint32_t
#define TARGET
#include "sm3_body.h"

#define NAME(f) portable_##f
#define LANES 8
#define WORDS words8
#define TARGET
#include "sm3_body.h"

#if defined(__x86_64__)
#define NAME(f) avx2_##f
#define LANES 8
#define WORDS words8
#define TARGET __attribute__((target("avx2")))
#include "sm3_body.h"

#define NAME(f) avx512_##f
#define LANES 16
#define WORDS words16
#define TARGET __attribute__((target("avx512f")))
#include "sm3_body.h"
#endif

int yuchain_lanes_has(int body) {
  if (body == YUCHAIN_LANES_ONE || body == YUCHAIN_LANES_PORTABLE) return 1;
#if defined(__x86_64__)
  if (body == YUCHAIN_LANES_AVX2) return __builtin_cpu_supports("avx2") != 0;
  if (body == YUCHAIN_LANES_AVX512) return __builtin_cpu_supports("avx512f") != 0;
#endif
  return 0;
}

typedef struct {
  void (*hash)(const uint8_t *, size_t, size_t, size_t, uint64_t *);
  size_t lanes;
  /// With fewer messages the body `narrower` is faster: idle lanes cost as much as busy ones.
  size_t least;
  int narrower;
} body_t;

static const body_t bodies[] = {
    [YUCHAIN_LANES_ONE] = {one_hash, 1, 1, 0},
    [YUCHAIN_LANES_PORTABLE] = {portable_hash, 8, 6, YUCHAIN_LANES_ONE},
#if defined(__x86_64__)
    [YUCHAIN_LANES_AVX2] = {avx2_hash, 8, 3, YUCHAIN_LANES_ONE},
    [YUCHAIN_LANES_AVX512] = {avx512_hash, 16, 9, YUCHAIN_LANES_AVX2},
#endif
};

/// The body to use for a wish; what the processor does not have is never used.
static const body_t *chosen(int body) {
  static int best = 0;
  if (body != YUCHAIN_LANES_BEST && yuchain_lanes_has(body)) return &bodies[body];
  // Threads that come first at the same time write the same number.
  int found = __atomic_load_n(&best, __ATOMIC_RELAXED);
  if (found == 0) {
    found = yuchain_lanes_has(YUCHAIN_LANES_AVX512) ? YUCHAIN_LANES_AVX512
            : yuchain_lanes_has(YUCHAIN_LANES_AVX2) ? YUCHAIN_LANES_AVX2
                                                    : YUCHAIN_LANES_PORTABLE;
    __atomic_store_n(&best, found, __ATOMIC_RELAXED);
  }
  return &bodies[found];
}

static void hashed(const body_t *body, const uint8_t *messages, size_t stride, size_t length, size_t count, uint64_t *digests) {
  while (count > 0) {
    const body_t *use = body;
    while (count < use->least) use = &bodies[use->narrower];
    size_t some = count < use->lanes ? count : use->lanes;
    use->hash(messages, stride, length, some, digests);
    messages += some * stride;
    digests += some * 4;
    count -= some;
  }
}

void yuchain_sm3_messages(const uint8_t *messages, size_t length, size_t count, uint64_t *digests, int body) {
  hashed(chosen(body), messages, length, length, count, digests);
}

void yuchain_sm3_nodes(
    const uint8_t *prefix, size_t prefixLength, const uint64_t *children, size_t count, uint64_t *digests, int body) {
  enum { stride = 96 };
  uint8_t nodes[16 * stride];
  const body_t *use = chosen(body);
  while (count > 0) {
    size_t some = count < 16 ? count : 16;
    for (size_t i = 0; i < some; i++) {
      memcpy(nodes + i * stride, prefix, prefixLength);
      for (size_t j = 0; j < 8; j++) {
        uint64_t word = children[8 * i + j];
        for (int k = 0; k < 8; k++) nodes[i * stride + prefixLength + 8 * j + (size_t)k] = (uint8_t)(word >> (56 - 8 * k));
      }
    }
    hashed(use, nodes, stride, prefixLength + 64, some, digests);
    children += some * 8;
    digests += some * 4;
    count -= some;
  }
}
