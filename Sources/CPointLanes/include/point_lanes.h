// Sums of points of the SM2 curve (GM/T 0003.5), eight pairs in the lanes of AVX-512 IFMA. Public data only: nothing is constant in time.
//
// A point is eight 64-bit limbs: x and y, lowest limb first, in Montgomery form (times 2^256), below the prime. A field element is four.
#ifndef YUCHAIN_POINT_LANES_H
#define YUCHAIN_POINT_LANES_H

#include <stddef.h>
#include <stdint.h>

/// How many field elements a batch of sums is to have inverted.
enum { YUCHAIN_POINT_CHAINS = 16 };

/// 1 if this processor has the lanes. Without them nothing below but `yuchain_sm2_take` may be called.
int yuchain_point_lanes_has(void);

/// The limbs of scratch that `pairs` sums take.
size_t yuchain_sm2_scratch(size_t pairs);

/// The first half of adding pairs: point `left[i]` and the one after it, for each i.
///
/// Multiplies the differences of their x in 16 chains and writes the 16 products to `products`. One of them is zero if two points of a pair
/// have the same x: such pairs need another formula. Otherwise invert the products and go on with `yuchain_sm2_sums`.
void yuchain_sm2_products(
    const uint64_t *_Nonnull points, const uint32_t *_Nonnull left, size_t pairs, uint64_t *_Nonnull scratch,
    uint64_t *_Nonnull products);

/// The second half: writes the sum of pair i as point `to[i]` of `sums`, given the inverses of the 16 products.
void yuchain_sm2_sums(
    const uint64_t *_Nonnull points, const uint32_t *_Nonnull left, const uint32_t *_Nonnull to, size_t pairs,
    const uint64_t *_Nonnull scratch, const uint64_t *_Nonnull inverses, uint64_t *_Nonnull sums);

/// Copies rows of a table of points: for a wish n > 0 row n − 1, for n < 0 the negative of row −n − 1, for 0 nothing. Asks for all rows
/// before it reads the first, because a large table is not in the nearest cache. Returns how many points it wrote.
size_t yuchain_sm2_take(
    const uint64_t *_Nonnull rows, const int32_t *_Nonnull wishes, size_t count, uint64_t *_Nonnull points);

#endif
