#include "base/sha256.h"

enum { BLOCK = 64, WORDS = BLOCK / 4, ROUNDS = 64, STATE = 8 };

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes, and of the
   square roots of the first 8. */
static const uint32_t round_constants[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};
static const uint32_t first_state[STATE] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static inline uint32_t
rotated(uint32_t word, unsigned bits)
{
    return word >> bits | word << (32 - bits);
}

/* The words of a block, and those that follow from them: one a round. */
static void
expand(uint32_t words[static ROUNDS], const unsigned char *block)
{
    for (int w = 0; w < WORDS; w++, block += 4) {
        words[w] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 | (uint32_t)block[2] << 8 |
                   block[3];
    }
    for (int w = WORDS; w < ROUNDS; w++) {
        uint32_t a = words[w - 15], b = words[w - 2];
        words[w] = words[w - 16] + (rotated(a, 7) ^ rotated(a, 18) ^ a >> 3) + words[w - 7] +
                   (rotated(b, 17) ^ rotated(b, 19) ^ b >> 10);
    }
}

static void
add_block(uint32_t state[static STATE], const unsigned char *block)
{
    uint32_t words[ROUNDS], s[STATE];
    expand(words, block);
    memcpy(s, state, sizeof(s));
    for (int r = 0; r < ROUNDS; r++) {
        uint32_t high = rotated(s[4], 6) ^ rotated(s[4], 11) ^ rotated(s[4], 25);
        uint32_t chosen = (s[4] & s[5]) ^ (~s[4] & s[6]);
        uint32_t one = s[7] + high + chosen + round_constants[r] + words[r];
        uint32_t low = rotated(s[0], 2) ^ rotated(s[0], 13) ^ rotated(s[0], 22);
        uint32_t majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
        memmove(&s[1], &s[0], (STATE - 1) * sizeof(s[0]));
        s[4] += one;
        s[0] = one + low + majority;
    }
    for (int i = 0; i < STATE; i++) {
        state[i] += s[i];
    }
}

uint64_t
sha256_begin_of(const unsigned char *bytes, size_t length)
{
    uint32_t state[STATE];
    unsigned char end[2 * BLOCK] = {0}; /* the rest, a bit, zeros, the length in bits */
    size_t rest = length % BLOCK, last = rest + 9 <= BLOCK ? BLOCK : 2 * BLOCK;
    memcpy(state, first_state, sizeof(state));
    for (size_t done = 0; done + BLOCK <= length; done += BLOCK) {
        add_block(state, bytes + done);
    }
    memcpy(end, bytes + (length - rest), rest);
    end[rest] = 0x80;
    for (size_t i = 0; i < 8; i++) {
        end[last - 1 - i] = (unsigned char)((uint64_t)length * 8 >> 8 * i);
    }
    for (size_t done = 0; done < last; done += BLOCK) {
        add_block(state, end + done);
    }
    return (uint64_t)state[0] << 32 | state[1];
}
