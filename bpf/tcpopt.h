/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the options of a TCP header as Linux does (tcp_parse_options): the
 * last of a repeated option wins, a length under 2 or past the end stops the
 * walk, and what was read until then counts. Pure.
 */
#ifndef SYNWARD_TCPOPT_H
#define SYNWARD_TCPOPT_H

#include "packet.h"

#define TCPOPT_EOL 0
#define TCPOPT_NOP 1
#define TCPOPT_MSS 2
#define TCPOPT_WSCALE 3
#define TCPOPT_SACK_PERM 4
#define TCPOPT_TIMESTAMP 8
#define TCPOPT_MD5 19
#define TCPOPT_AO 29

#define TCPOPT_MAX 40        /* bytes of options in a header */
#define TCPOPT_WSCALE_MAX 14 /* RFC 7323 2.3 */
#define TCPOPT_WSCALE_NONE 15

struct tcpopt {
	__u32 tsval; /* host byte order */
	__u32 tsecr;
	__u16 mss;   /* 0 = not sent */
	__u8 wscale; /* 0..14, or TCPOPT_WSCALE_NONE */
	bool sack;
	bool timestamps;
	bool signature; /* TCP-MD5 or TCP-AO */
};

/* The options, zero-padded so that a masked index is never outside. */
struct tcpopt_buffer {
	union {
		__u8 byte[64];
		__be32 word[16];
	};
	__u32 at; /* the walk's next option */
};

/* Masked anew for each byte: verifiers before 6.18 lose a bound that was
 * checked once for several. */
static __always_inline __u8 tcpopt_u8(const struct tcpopt_buffer *b, __u32 i)
{
	return b->byte[i & 63];
}

static __always_inline __u32 tcpopt_u32(const struct tcpopt_buffer *b, __u32 i)
{
	return (__u32)tcpopt_u8(b, i) << 24 | tcpopt_u8(b, i + 1) << 16 |
	       tcpopt_u8(b, i + 2) << 8 | tcpopt_u8(b, i + 3);
}

/* Takes the option of the given kind and size whose value is at offset i. */
static __always_inline void tcpopt_take(const struct tcpopt_buffer *b, __u32 i,
					__u8 kind, __u8 size, struct tcpopt *o)
{
	if (kind == TCPOPT_MSS && size == 4) {
		__u16 mss = tcpopt_u8(b, i) << 8 | tcpopt_u8(b, i + 1);

		o->mss = mss ?: o->mss;
	} else if (kind == TCPOPT_WSCALE && size == 3) {
		o->wscale = u32_min(tcpopt_u8(b, i), TCPOPT_WSCALE_MAX);
	} else if (kind == TCPOPT_SACK_PERM && size == 2) {
		o->sack = true;
	} else if (kind == TCPOPT_TIMESTAMP && size == 10) {
		o->timestamps = true;
		o->tsval = tcpopt_u32(b, i);
		o->tsecr = tcpopt_u32(b, i + 4);
	} else if (kind == TCPOPT_MD5 || kind == TCPOPT_AO) {
		o->signature = true;
	}
}

/* Steps over one option; false at the end of the walk. */
static __always_inline bool tcpopt_step(struct tcpopt_buffer *b, __u32 len,
					struct tcpopt *o)
{
	__u32 i = b->at;
	__u8 kind, size;

	if (i >= len)
		return false;
	kind = tcpopt_u8(b, i);
	size = tcpopt_u8(b, i + 1);
	if (kind == TCPOPT_EOL)
		return false;
	if (kind == TCPOPT_NOP) {
		b->at = i + 1;
		return true;
	}
	if (size < 2 || i + size > len)
		return false;
	tcpopt_take(b, i + 2, kind, size, o);
	b->at = i + size;
	return true;
}

/*
 * A global function, and the cursor in memory: the verifier proves it once,
 * for any bytes, and does not follow the cursor's value. With either left out
 * it says "BPF program is too large. Processed 1000001 insn" (Linux 6.18,
 * clang 14). It also asks for the NULL checks. Always returns 0.
 */
__noinline int tcpopt_walk(struct tcpopt_buffer *b, __u32 len, struct tcpopt *o)
{
	if (!b || !o)
		return 0;
	for (int n = 0; n < TCPOPT_MAX; n++)
		if (!tcpopt_step(b, len, o))
			break;
	return 0;
}

/* Copies the options out of the frame; false if they end outside. */
static __always_inline bool tcpopt_copy(const __be32 *word, void *end,
					__u32 len, struct tcpopt_buffer *b)
{
	for (__u32 i = 0; i < TCPOPT_MAX / 4; i++, word++) {
		if (i * 4 >= len)
			return true;
		if ((void *)(word + 1) > end)
			return false;
		b->word[i] = *word;
	}
	return true;
}

/*
 * The two layouts that nearly all segments have are compared as words:
 *   Linux SYN (20 bytes)   MSS | SACK-permitted, timestamps | NOP, scale
 *   anybody's ACK (12)     NOP, NOP, timestamps
 * False if the segment has neither.
 */
static __always_inline bool tcpopt_common(const __be32 *word, void *end,
					  __u32 len, struct tcpopt *o)
{
	if (len == 20 && (void *)(word + 5) <= end &&
	    (word[0] & bpf_htonl(0xffff0000)) == bpf_htonl(0x02040000) &&
	    word[1] == bpf_htonl(0x0402080a) &&
	    (word[4] & bpf_htonl(0xffffff00)) == bpf_htonl(0x01030300)) {
		__u8 wscale = bpf_ntohl(word[4]);

		o->mss = bpf_ntohl(word[0]);
		o->wscale = u32_min(wscale, TCPOPT_WSCALE_MAX);
		o->sack = true;
		o->timestamps = true;
		o->tsval = bpf_ntohl(word[2]);
		o->tsecr = bpf_ntohl(word[3]);
		return true;
	}
	if (len == 12 && (void *)(word + 3) <= end &&
	    word[0] == bpf_htonl(0x0101080a)) {
		o->timestamps = true;
		o->tsval = bpf_ntohl(word[1]);
		o->tsecr = bpf_ntohl(word[2]);
		return true;
	}
	return len == 0;
}

/* data, end: the frame's linear part. False if the options end outside. */
static __always_inline bool tcpopt_parse(const struct packet *p, void *data,
					 void *end, struct tcpopt *o)
{
	const __be32 *word = (void *)(packet_tcp_header(data, p) + 1);
	__u32 len = packet_options_len(p);
	struct tcpopt_buffer b = {};

	*o = (struct tcpopt){ .wscale = TCPOPT_WSCALE_NONE };
	if (likely(tcpopt_common(word, end, len, o)))
		return true;
	if (!tcpopt_copy(word, end, len, &b))
		return false;
	tcpopt_walk(&b, len, o);
	return true;
}

#endif
