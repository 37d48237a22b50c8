// One body of SM3 in lanes, included once for each set of instructions: NAME, LANES, WORDS (LANES words of 32 bits), TARGET.

#define ROTATED(x, n) ((x) << (n) | (x) >> (32 - (n)))
// P0 and P1 rotate by n and n + 8: a rotation by whole bytes is one shuffle, others are two shifts.
#define TWICE8(x) ((x) ^ ROTATED(x, 8))

/// Hashes the block at offset `at` of every lane's message into `state`; `lanes` points to the messages.
TARGET static void NAME(block)(WORDS state[8], const uint8_t *const lanes[LANES], size_t at) {
  WORDS w[16];
  for (int lane = 0; lane < LANES; lane++) {
    for (int j = 0; j < 16; j++) memcpy((uint32_t *)&w[j] + lane, lanes[lane] + at + 4 * j, 4);
  }
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  for (int j = 0; j < 16; j++) w[j] = (ROTATED(w[j], 8) & 0x00ff00ff) | (ROTATED(w[j], 24) & 0xff00ff00);
#endif
  WORDS a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
#pragma clang loop unroll(full)
  for (int j = 0; j < 64; j++) {
    WORDS a12 = ROTATED(a, 12);
    WORDS sum = a12 + e + constants[j];
    WORDS ss1 = ROTATED(sum, 7);
    WORDS ff = j < 16 ? a ^ b ^ c : (a & b) | ((a | b) & c);
    WORDS gg = j < 16 ? e ^ f ^ g : ((f ^ g) & e) ^ g;
    WORDS tt1 = ff + d + (ss1 ^ a12) + (w[j & 15] ^ w[(j + 4) & 15]);
    WORDS tt2 = gg + h + ss1 + w[j & 15];
    if (j < 52) {
      // Word j + 16 takes the place of word j, which no later round reads.
      WORDS x = w[j & 15] ^ w[(j + 7) & 15] ^ ROTATED(w[(j + 13) & 15], 15);
      w[j & 15] = x ^ ROTATED(TWICE8(x), 15) ^ ROTATED(w[(j + 3) & 15], 7) ^ w[(j + 10) & 15];
    }
    d = c;
    c = ROTATED(b, 9);
    b = a;
    a = tt1;
    h = g;
    g = ROTATED(f, 19);
    f = e;
    e = tt2 ^ ROTATED(TWICE8(tt2), 9);
  }
  state[0] ^= a, state[1] ^= b, state[2] ^= c, state[3] ^= d, state[4] ^= e, state[5] ^= f, state[6] ^= g, state[7] ^= h;
}

/// Hashes at most LANES messages of `length` bytes, `stride` apart.
TARGET static void NAME(hash)(const uint8_t *messages, size_t stride, size_t length, size_t count, uint64_t *digests) {
  WORDS state[8];
  uint8_t ends[LANES][128];
  const uint8_t *lanes[LANES];
  const uint8_t *tails[LANES];
  const size_t whole = length / 64 * 64, rest = length - whole, end = rest < 56 ? 64 : 128;
  for (int i = 0; i < 8; i++) state[i] = (WORDS){0} + initial[i];
  for (size_t lane = 0; lane < LANES; lane++) {
    // Lanes without a message of their own repeat the last one.
    lanes[lane] = messages + (lane < count ? lane : count - 1) * stride;
    tails[lane] = ends[lane];
    if (lane < count) pad(ends[lane], lanes[lane] + whole, rest, length, end);
    else tails[lane] = tails[count - 1];
  }
  for (size_t at = 0; at < whole; at += 64) NAME(block)(state, lanes, at);
  for (size_t at = 0; at < end; at += 64) NAME(block)(state, tails, at);
  for (size_t lane = 0; lane < count; lane++) {
    for (int i = 0; i < 4; i++) {
      digests[4 * lane + i] = (uint64_t)((uint32_t *)&state[2 * i])[lane] << 32 | ((uint32_t *)&state[2 * i + 1])[lane];
    }
  }
}

#undef ROTATED
#undef TWICE8
#undef NAME
#undef LANES
#undef WORDS
#undef TARGET
