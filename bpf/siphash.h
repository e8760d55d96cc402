/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SipHash-2-4 (Aumasson, Bernstein, 2012) with a 128-bit key and 64 bits of
 * output. Pure.
 *
 * Words are the message's bytes read in little-endian order, so that on
 * little-endian machines, the only ones we build for, they are plain loads.
 */
#ifndef SYNWARD_SIPHASH_H
#define SYNWARD_SIPHASH_H

#include "types.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "siphash words and header bit fields are little-endian");

struct siphash {
	__u64 v0, v1, v2, v3;
};

static __always_inline __u64 siphash_rotl(__u64 x, int by)
{
	return x << by | x >> (64 - by);
}

static __always_inline void siphash_round(struct siphash *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = siphash_rotl(s->v1, 13) ^ s->v0;
	s->v3 = siphash_rotl(s->v3, 16) ^ s->v2;
	s->v0 = siphash_rotl(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = siphash_rotl(s->v1, 17) ^ s->v2;
	s->v3 = siphash_rotl(s->v3, 21) ^ s->v0;
	s->v2 = siphash_rotl(s->v2, 32);
}

static __always_inline void siphash_word(struct siphash *s, __u64 word)
{
	s->v3 ^= word;
	siphash_round(s);
	siphash_round(s);
	s->v0 ^= word;
}

/*
 * The hash of words[0..n-1] and, behind them, the lower tail_len bytes of tail,
 * which has zeros above; n and tail_len are constants, n at most 31, tail_len
 * at most 7.
 */
static __always_inline __u64 siphash(const struct sw_key *key,
				     const __u64 *words, int n, __u64 tail,
				     int tail_len)
{
	struct siphash s = {
		.v0 = key->k0 ^ 0x736f6d6570736575ULL,
		.v1 = key->k1 ^ 0x646f72616e646f6dULL,
		.v2 = key->k0 ^ 0x6c7967656e657261ULL,
		.v3 = key->k1 ^ 0x7465646279746573ULL,
	};

	for (int i = 0; i < n; i++)
		siphash_word(&s, words[i]);
	siphash_word(&s, (__u64)(n * 8 + tail_len) << 56 | tail);

	s.v2 ^= 0xff;
	siphash_round(&s);
	siphash_round(&s);
	siphash_round(&s);
	siphash_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

#endif
