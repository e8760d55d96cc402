/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Internet checksum (RFC 1071) over words known to the caller. Pure.
 *
 * Sums are one's-complement sums of 16-bit words, gathered in 64 bits so that
 * 32-bit words can be added whole, in network byte order throughout.
 */
#ifndef SYNWARD_CSUM_H
#define SYNWARD_CSUM_H

#include "types.h"

/* Folds a sum of up to 2^15 32-bit words and complements it: a checksum field.
 * The first step leaves at most 2^32 + 2^15 - 2, the second at most 0x1fffe. */
static __always_inline __sum16 csum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* Sum of n 32-bit words of memory; n is a constant. */
static __always_inline __u64 csum_words(const __u32 *word, int n)
{
	__u64 sum = 0;

	for (int i = 0; i < n; i++)
		sum += word[i];
	return sum;
}

#endif
