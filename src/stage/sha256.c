/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 as FIPS 180-4 describes it, over one buffer. The plan that the stage checks is public and was made
 * by veloci a moment ago: no secrets, so nothing here cares about timing. Where the processor has instructions for it
 * they are used: a plan of 30 KB takes 0.1 ms without them, a good part of a container's start.
 */
#include "stage/sha256.h"
#include "stage/lib.h"

#define WORTH_ASKING 4096 /* below that, asking the processor takes longer than it saves */

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

/* 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes */
static const uint32_t k[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotr(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* 6.2.2, one block of 64 bytes */
static void block(uint32_t h[8], const uint8_t *p)
{
    uint32_t w[64];
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], i = h[7];

    for (unsigned t = 0; t < 16; t++)
        w[t] = get32(p + 4 * t);
    for (unsigned t = 16; t < 64; t++) {
        uint32_t x = w[t - 15], y = w[t - 2];
        w[t] = w[t - 16] + (rotr(x, 7) ^ rotr(x, 18) ^ x >> 3) + w[t - 7] + (rotr(y, 17) ^ rotr(y, 19) ^ y >> 10);
    }
    for (unsigned t = 0; t < 64; t++) {
        uint32_t t1 = i + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + ((e & f) ^ (~e & g)) + k[t] + w[t];
        uint32_t t2 = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        i = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
    h[5] += f;
    h[6] += g;
    h[7] += i;
}

static void blocks_plain(uint32_t h[8], const uint8_t *p, size_t n)
{
    for (; n > 0; n--, p += 64)
        block(h, p);
}

#if defined(__x86_64__)

/* CPUID leaf 7, EBX bit 29; processors with it have SSSE3 and SSE4.1 too. Under a hypervisor each CPUID costs
 * microseconds, so there is no third one. */
static int has_instructions(void)
{
    unsigned a, b, c, d;
    __cpuid(0, a, b, c, d);
    if (a < 7)
        return 0;
    __cpuid_count(7, 0, a, b, c, d);
    return b >> 29 & 1;
}

/* The instructions want the state as (a b e f) and (c d g h), highest word first; each does two rounds. */
__attribute__((target("sha,sse4.1,ssse3"))) static void blocks_fast(uint32_t h[8], const uint8_t *p, size_t n)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)h), 0xb1);
    __m128i high = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)(h + 4)), 0x1b);
    __m128i abef = _mm_alignr_epi8(low, high, 8), cdgh = _mm_blend_epi16(high, low, 0xf0);

    for (; n > 0; n--, p += 64) {
        __m128i w[4], abef_was = abef, cdgh_was = cdgh;
        for (unsigned t = 0; t < 16; t++) {
            __m128i *now = &w[t & 3];
            if (t < 4)
                *now = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(p + 16 * t)), big_endian);
            else /* w[t - 16] + s0(w[t - 15]), + w[t - 7], + s1(w[t - 2]), four words at a time */
                *now = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(*now, w[(t + 1) & 3]),
                                                          _mm_alignr_epi8(w[(t + 3) & 3], w[(t + 2) & 3], 4)),
                                            w[(t + 3) & 3]);
            __m128i x = _mm_add_epi32(*now, _mm_load_si128((const __m128i *)(const void *)(k + 4 * t)));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, x);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(x, 0x0e));
        }
        abef = _mm_add_epi32(abef, abef_was);
        cdgh = _mm_add_epi32(cdgh, cdgh_was);
    }
    low = _mm_shuffle_epi32(abef, 0x1b);
    high = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)(void *)h, _mm_blend_epi16(low, high, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)(h + 4), _mm_alignr_epi8(high, low, 8));
}

#elif defined(__aarch64__)

/* The kernel answers reads of the identification registers (Documentation/arm64/cpu-feature-registers.rst). */
static int has_instructions(void)
{
    uint64_t features;
    __asm__("mrs %0, ID_AA64ISAR0_EL1" : "=r"(features));
    return (features >> 12 & 15) != 0;
}

__attribute__((target("+crypto"))) static void blocks_fast(uint32_t h[8], const uint8_t *p, size_t n)
{
    uint32x4_t abcd = vld1q_u32(h), efgh = vld1q_u32(h + 4);

    for (; n > 0; n--, p += 64) {
        uint32x4_t w[4], abcd_was = abcd, efgh_was = efgh;
        for (unsigned t = 0; t < 16; t++) {
            uint32x4_t *now = &w[t & 3];
            if (t < 4)
                *now = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(p + 16 * t)));
            else
                *now = vsha256su1q_u32(vsha256su0q_u32(*now, w[(t + 1) & 3]), w[(t + 2) & 3], w[(t + 3) & 3]);
            uint32x4_t x = vaddq_u32(*now, vld1q_u32(k + 4 * t)), before = abcd;
            abcd = vsha256hq_u32(abcd, efgh, x);
            efgh = vsha256h2q_u32(efgh, before, x);
        }
        abcd = vaddq_u32(abcd, abcd_was);
        efgh = vaddq_u32(efgh, efgh_was);
    }
    vst1q_u32(h, abcd);
    vst1q_u32(h + 4, efgh);
}

#else

static int has_instructions(void)
{
    return 0;
}

static void blocks_fast(uint32_t h[8], const uint8_t *p, size_t n)
{
    blocks_plain(h, p, n);
}

#endif

void st_sha256_with(int plain, const void *data, size_t n, uint8_t out[32])
{
    void (*blocks)(uint32_t *, const uint8_t *, size_t) = !plain && n >= WORTH_ASKING && has_instructions() ? blocks_fast : blocks_plain;
    /* 5.3.3: the square roots of the first 8 primes */
    uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    const uint8_t *p = data;
    size_t left = n % 64;

    blocks(h, p, n / 64);
    p += n - left;

    /* 5.1.1: a one bit, zeros, the length in bits */
    uint8_t tail[128] = {0};
    size_t last = left < 56 ? 1 : 2;
    memcpy(tail, p, left);
    tail[left] = 0x80;
    for (unsigned i = 0; i < 8; i++)
        tail[last * 64 - 1 - i] = (uint8_t)((uint64_t)n * 8 >> 8 * i);
    blocks(h, tail, last);

    for (unsigned i = 0; i < 32; i++)
        out[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

void st_sha256(const void *data, size_t n, uint8_t out[32])
{
    st_sha256_with(0, data, n, out);
}
