#include "point_lanes.h"

#include <string.h>

// p = 2^256 - 2^224 - 2^96 + 2^64 - 1, lowest limb first.
static const uint64_t prime[4] = {0xffffffffffffffff, 0xffffffff00000000, 0xffffffffffffffff, 0xfffffffeffffffff};

size_t yuchain_sm2_take(const uint64_t *rows, const int32_t *wishes, size_t count, uint64_t *points) {
  for (size_t i = 0; i < count; i++) {
    if (wishes[i] != 0) __builtin_prefetch(rows + 8 * (size_t)((wishes[i] < 0 ? -wishes[i] : wishes[i]) - 1));
  }
  size_t taken = 0;
  for (size_t i = 0; i < count; i++) {
    int32_t wish = wishes[i];
    if (wish == 0) continue;
    const uint64_t *row = rows + 8 * (size_t)((wish < 0 ? -wish : wish) - 1);
    uint64_t *point = points + 8 * taken++;
    memcpy(point, row, 32);
    // y or p - y, which is below p because no point of the curve has y = 0; without a branch, because signs are like a coin.
    uint64_t keep = wish < 0 ? 0 : ~(uint64_t)0;
    uint64_t borrow = 0;
    for (int j = 0; j < 4; j++) {
      unsigned __int128 difference = (unsigned __int128)prime[j] - row[4 + j] - borrow;
      borrow = (uint64_t)(difference >> 64) & 1;
      point[4 + j] = (row[4 + j] & keep) | ((uint64_t)difference & ~keep);
    }
  }
  return taken;
}

#if defined(__x86_64__)
#include <immintrin.h>

#define LANES __attribute__((target("avx512f,avx512dq,avx512ifma")))
#define INLINE static inline LANES __attribute__((always_inline))

// A field element a lane, in five limbs of 52 bits. Products are by Montgomery with 2^260: the product of a·2^e and b·2^f is ab·2^(e+f-260),
// below (k·l/16 + 1)·p for factors below k·p and l·p. What exponent each value has is said where it is made.
typedef struct {
  __m512i l[5];
} element;

enum { BITS = 52 };
#define MASK _mm512_set1_epi64((1LL << BITS) - 1)
#define P1 _mm512_set1_epi64(0xff00000000fffLL)
#define P4 _mm512_set1_epi64(0xfffffffeffffLL)

/// Limbs of 52 bits out of limbs that are sums and differences; the value is not negative, unless the top limb says so.
INLINE element carried(element a) {
  for (int i = 0; i < 4; i++) {
    a.l[i + 1] = _mm512_add_epi64(a.l[i + 1], _mm512_srai_epi64(a.l[i], BITS));
    a.l[i] = _mm512_and_si512(a.l[i], MASK);
  }
  return a;
}

/// a · b / 2^260, below 3p if it says nothing else.
INLINE element product(const element *a, const element *b) {
  __m512i t[6];
  for (int j = 0; j < 6; j++) t[j] = _mm512_setzero_si512();
#pragma clang loop unroll(full)
  for (int i = 0; i < 5; i++) {
    for (int j = 0; j < 5; j++) t[j] = _mm512_madd52lo_epu64(t[j], a->l[i], b->l[j]);
    for (int j = 0; j < 5; j++) t[j + 1] = _mm512_madd52hi_epu64(t[j + 1], a->l[i], b->l[j]);
    // Adding m·p clears the lowest limb, because -1/p mod 2^52 is 1: p = (2^52 - 1) + P1·2^52 + (2^104 - 1)·2^104 + P4·2^208.
    __m512i m = _mm512_and_si512(t[0], MASK);
    t[1] = _mm512_add_epi64(t[1], _mm512_add_epi64(_mm512_srai_epi64(t[0], BITS), m));
    t[1] = _mm512_madd52lo_epu64(t[1], m, P1);
    t[2] = _mm512_madd52hi_epu64(_mm512_sub_epi64(t[2], m), m, P1);
    t[4] = _mm512_madd52lo_epu64(_mm512_add_epi64(t[4], m), m, P4);
    t[5] = _mm512_madd52hi_epu64(t[5], m, P4);
    for (int j = 0; j < 5; j++) t[j] = t[j + 1];
    t[5] = _mm512_setzero_si512();
  }
  element result = {{t[0], t[1], t[2], t[3], t[4]}};
  return carried(result);
}

/// The value below 16p, not negative, modulo p.
INLINE element reduced(element a) {
  // q·2^256 = q·p + q·(2^224 + 2^96 - 2^64 + 1).
  a = carried(a);
  __m512i q = _mm512_srli_epi64(a.l[4], 48);
  a.l[4] = _mm512_and_si512(a.l[4], _mm512_set1_epi64((1LL << 48) - 1));
  a.l[0] = _mm512_add_epi64(a.l[0], q);
  a.l[1] = _mm512_add_epi64(a.l[1], _mm512_sub_epi64(_mm512_slli_epi64(q, 44), _mm512_slli_epi64(q, 12)));
  a.l[4] = _mm512_add_epi64(a.l[4], _mm512_slli_epi64(q, 16));
  a = carried(a);
  element less = {{_mm512_sub_epi64(a.l[0], MASK), _mm512_sub_epi64(a.l[1], P1), _mm512_sub_epi64(a.l[2], MASK),
                   _mm512_sub_epi64(a.l[3], MASK), _mm512_sub_epi64(a.l[4], P4)}};
  less = carried(less);
  __mmask8 keep = _mm512_movepi64_mask(less.l[4]);
  for (int i = 0; i < 5; i++) a.l[i] = _mm512_mask_mov_epi64(less.l[i], keep, a.l[i]);
  return a;
}

/// a - b + times·p, not carried.
INLINE element difference(const element *a, const element *b, long long times) {
  element result;
  for (int i = 0; i < 5; i++) result.l[i] = _mm512_sub_epi64(a->l[i], b->l[i]);
  __m512i n = _mm512_set1_epi64(times);
  __m512i ones = _mm512_set1_epi64(times * ((1LL << BITS) - 1));
  result.l[0] = _mm512_add_epi64(result.l[0], ones);
  result.l[1] = _mm512_add_epi64(result.l[1], _mm512_mullo_epi64(n, P1));
  result.l[2] = _mm512_add_epi64(result.l[2], ones);
  result.l[3] = _mm512_add_epi64(result.l[3], ones);
  result.l[4] = _mm512_add_epi64(result.l[4], _mm512_mullo_epi64(n, P4));
  return result;
}

/// 16 times a value below p: its form times 2^260 instead of 2^256.
INLINE element raised(const element *a) {
  element result;
  result.l[0] = _mm512_and_si512(_mm512_slli_epi64(a->l[0], 4), MASK);
  for (int i = 1; i < 5; i++) {
    __m512i from = _mm512_srli_epi64(a->l[i - 1], 48);
    result.l[i] = _mm512_and_si512(_mm512_or_si512(_mm512_slli_epi64(a->l[i], 4), from), MASK);
  }
  return result;
}

INLINE element split(__m512i w0, __m512i w1, __m512i w2, __m512i w3) {
  element a;
  a.l[0] = _mm512_and_si512(w0, MASK);
  a.l[1] = _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64(w0, 52), _mm512_slli_epi64(w1, 12)), MASK);
  a.l[2] = _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64(w1, 40), _mm512_slli_epi64(w2, 24)), MASK);
  a.l[3] = _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64(w2, 28), _mm512_slli_epi64(w3, 36)), MASK);
  a.l[4] = _mm512_srli_epi64(w3, 16);
  return a;
}

INLINE void joined(const element *a, __m512i *w) {
  w[0] = _mm512_or_si512(a->l[0], _mm512_slli_epi64(a->l[1], 52));
  w[1] = _mm512_or_si512(_mm512_srli_epi64(a->l[1], 12), _mm512_slli_epi64(a->l[2], 40));
  w[2] = _mm512_or_si512(_mm512_srli_epi64(a->l[2], 24), _mm512_slli_epi64(a->l[3], 28));
  w[3] = _mm512_or_si512(_mm512_srli_epi64(a->l[3], 36), _mm512_slli_epi64(a->l[4], 16));
}

/// Rows become columns.
INLINE void transposed(__m512i *r) {
  __m512i a[8], b[8];
  for (int i = 0; i < 8; i += 2) {
    a[i] = _mm512_unpacklo_epi64(r[i], r[i + 1]);
    a[i + 1] = _mm512_unpackhi_epi64(r[i], r[i + 1]);
  }
  for (int i = 0; i < 2; i++) {
    b[i] = _mm512_shuffle_i64x2(a[i], a[i + 2], 0x88);
    b[i + 2] = _mm512_shuffle_i64x2(a[i], a[i + 2], 0xdd);
    b[i + 4] = _mm512_shuffle_i64x2(a[i + 4], a[i + 6], 0x88);
    b[i + 6] = _mm512_shuffle_i64x2(a[i + 4], a[i + 6], 0xdd);
  }
  for (int i = 0; i < 2; i++) {
    r[i] = _mm512_shuffle_i64x2(b[i], b[i + 4], 0x88);
    r[i + 4] = _mm512_shuffle_i64x2(b[i], b[i + 4], 0xdd);
    r[i + 2] = _mm512_shuffle_i64x2(b[i + 2], b[i + 6], 0x88);
    r[i + 6] = _mm512_shuffle_i64x2(b[i + 2], b[i + 6], 0xdd);
  }
}

/// The points of eight pairs, the left ones or those after them; with fewer pairs the first stands in for the rest.
INLINE void points8(const uint64_t *points, const uint32_t *left, size_t some, size_t after, element *x, element *y) {
  __m512i rows[8];
  for (size_t i = 0; i < 8; i++) rows[i] = _mm512_loadu_si512(points + 8 * ((size_t)left[i < some ? i : 0] + after));
  transposed(rows);
  *x = split(rows[0], rows[1], rows[2], rows[3]);
  *y = split(rows[4], rows[5], rows[6], rows[7]);
}

INLINE void store(const element *a, uint64_t *to) {
  for (int i = 0; i < 5; i++) _mm512_storeu_si512(to + 8 * i, a->l[i]);
}

INLINE element load(const uint64_t *from) {
  element a;
  for (int i = 0; i < 5; i++) a.l[i] = _mm512_loadu_si512(from + 8 * i);
  return a;
}

/// Chain `chain`'s eight elements, which stand one after another.
INLINE element chainElements(const uint64_t *elements, int chain) {
  __m512i w[4];
  uint64_t columns[4][8];
  for (int lane = 0; lane < 8; lane++) {
    for (int j = 0; j < 4; j++) columns[j][lane] = elements[4 * (8 * chain + lane) + j];
  }
  for (int j = 0; j < 4; j++) w[j] = _mm512_loadu_si512(columns[j]);
  return split(w[0], w[1], w[2], w[3]);
}

LANES static void products(const uint64_t *points, const uint32_t *left, size_t pairs, uint64_t *scratch, uint64_t *result) {
  // The form of 1: each further factor lowers the exponent by four, and what is undone later raises it again.
  __m512i zero = _mm512_setzero_si512();
  element one = split(
      _mm512_set1_epi64(1), _mm512_set1_epi64(0xffffffff), zero, _mm512_set1_epi64(0x100000000));
  element chain[2] = {one, one};
  for (size_t first = 0, group = 0; first < pairs; first += 8, group++) {
    size_t some = pairs - first < 8 ? pairs - first : 8;
    element x1, x2, y;
    points8(points, left + first, some, 0, &x1, &y);
    points8(points, left + first, some, 1, &x2, &y);
    element divisor = reduced(difference(&x2, &x1, 1));
    element *now = &chain[group & 1];
    store(&divisor, scratch + 80 * group);
    store(now, scratch + 80 * group + 40);
    *now = product(now, &divisor);
  }
  for (int i = 0; i < 2; i++) {
    element last = reduced(chain[i]);
    __m512i w[4];
    joined(&last, w);
    for (int j = 0; j < 4; j++) {
      uint64_t column[8];
      _mm512_storeu_si512(column, w[j]);
      for (int lane = 0; lane < 8; lane++) result[4 * (8 * i + lane) + j] = column[lane];
    }
  }
}

LANES static void sums(
    const uint64_t *points, const uint32_t *left, const uint32_t *to, size_t pairs, const uint64_t *scratch, const uint64_t *inverses,
    uint64_t *result) {
  element chain[2] = {chainElements(inverses, 0), chainElements(inverses, 1)};
  for (size_t group = (pairs + 7) / 8; group-- > 0;) {
    size_t first = 8 * group;
    size_t some = pairs - first < 8 ? pairs - first : 8;
    element *now = &chain[group & 1];
    element divisor = load(scratch + 80 * group);
    element before = load(scratch + 80 * group + 40);
    // 1 / (x2 - x1), times 2^256; below 2p as all that follows.
    element inverse = product(now, &before);
    *now = product(now, &divisor);
    element x1, y1, x2, y2;
    points8(points, left + first, some, 0, &x1, &y1);
    points8(points, left + first, some, 1, &x2, &y2);
    element rise = reduced(difference(&y2, &y1, 1));
    rise = raised(&rise);
    element slope = reduced(product(&rise, &inverse));
    element high = raised(&slope);
    element square = product(&high, &slope);
    element x3 = difference(&square, &x1, 2);
    x3 = difference(&x3, &x2, 0);
    x3 = reduced(x3);
    element run = reduced(difference(&x1, &x3, 1));
    element y3 = product(&high, &run);
    y3 = reduced(difference(&y3, &y1, 1));
    __m512i rows[8];
    joined(&x3, rows);
    joined(&y3, rows + 4);
    transposed(rows);
    for (size_t i = 0; i < some; i++) _mm512_storeu_si512(result + 8 * (size_t)to[first + i], rows[i]);
  }
}

int yuchain_point_lanes_has(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512ifma");
}

void yuchain_sm2_products(const uint64_t *points, const uint32_t *left, size_t pairs, uint64_t *scratch, uint64_t *result) {
  products(points, left, pairs, scratch, result);
}

void yuchain_sm2_sums(
    const uint64_t *points, const uint32_t *left, const uint32_t *to, size_t pairs, const uint64_t *scratch, const uint64_t *inverses,
    uint64_t *result) {
  sums(points, left, to, pairs, scratch, inverses, result);
}
#else
int yuchain_point_lanes_has(void) { return 0; }

// Never called, as the header says; all zero is what says that pairs need another formula.
void yuchain_sm2_products(const uint64_t *points, const uint32_t *left, size_t pairs, uint64_t *scratch, uint64_t *result) {
  memset(result, 0, YUCHAIN_POINT_CHAINS * 32);
}

void yuchain_sm2_sums(
    const uint64_t *points, const uint32_t *left, const uint32_t *to, size_t pairs, const uint64_t *scratch, const uint64_t *inverses,
    uint64_t *result) {}
#endif

size_t yuchain_sm2_scratch(size_t pairs) { return 80 * ((pairs + 7) / 8); }
