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
 * The layouts that nearly all segments have are compared as words:
 *   Linux SYN (20 bytes)   MSS | SACK-permitted, timestamps | | | NOP, scale
 *   macOS, iOS SYN (24)    MSS | NOP, scale | NOP, NOP, timestamps | | |
 *                          SACK-permitted, end
 *   Windows SYN (12)       MSS | NOP, scale | NOP, NOP, SACK-permitted
 *   anybody's ACK (12)     NOP, NOP, timestamps | |
 */
static __always_inline bool tcpopt_word_mss(__be32 word, struct tcpopt *o)
{
	o->mss = bpf_ntohl(word);
	return (word & bpf_htonl(0xffff0000)) == bpf_htonl(0x02040000);
}

static __always_inline bool tcpopt_word_wscale(__be32 word, struct tcpopt *o)
{
	__u8 wscale = bpf_ntohl(word);

	o->wscale = u32_min(wscale, TCPOPT_WSCALE_MAX);
	return (word & bpf_htonl(0xffffff00)) == bpf_htonl(0x01030300);
}

static __always_inline bool
tcpopt_words_timestamps(const __be32 *word, __u32 head, struct tcpopt *o)
{
	o->timestamps = true;
	o->tsval = bpf_ntohl(word[1]);
	o->tsecr = bpf_ntohl(word[2]);
	return word[0] == bpf_htonl(head);
}

/* False if the segment has none of them; what o holds then is void. */
static __always_inline bool tcpopt_common(const __be32 *word, void *end,
					  __u32 len, struct tcpopt *o)
{
	switch (len) {
	case 0:
		return true;
	case 12:
		if ((void *)(word + 3) > end)
			return false;
		if (tcpopt_words_timestamps(word, 0x0101080a, o))
			return true;
		o->timestamps = false;
		o->tsval = o->tsecr = 0;
		o->sack = true;
		return tcpopt_word_mss(word[0], o) &&
		       tcpopt_word_wscale(word[1], o) &&
		       word[2] == bpf_htonl(0x01010402);
	case 20:
		o->sack = true;
		return (void *)(word + 5) <= end &&
		       tcpopt_word_mss(word[0], o) &&
		       tcpopt_words_timestamps(word + 1, 0x0402080a, o) &&
		       tcpopt_word_wscale(word[4], o);
	case 24:
		o->sack = true;
		return (void *)(word + 6) <= end &&
		       tcpopt_word_mss(word[0], o) &&
		       tcpopt_word_wscale(word[1], o) &&
		       tcpopt_words_timestamps(word + 2, 0x0101080a, o) &&
		       word[5] == bpf_htonl(0x04020000);
	default:
		return false;
	}
}

/* Whatever the layout. False if the options end outside the frame. */
static __always_inline bool tcpopt_any(const struct packet *p, void *data,
				       void *end, struct tcpopt *o)
{
	const __be32 *word = (void *)(packet_tcp_header(data, p) + 1);
	__u32 len = packet_options_len(p);
	struct tcpopt_buffer b = {};

	*o = (struct tcpopt){ .wscale = TCPOPT_WSCALE_NONE };
	if (!tcpopt_copy(word, end, len, &b))
		return false;
	tcpopt_walk(&b, len, o);
	return true;
}

/* Has the segment one of the common layouts? If so, they are in o. */
static __always_inline bool tcpopt_quick(const struct packet *p, void *data,
					 void *end, struct tcpopt *o)
{
	*o = (struct tcpopt){ .wscale = TCPOPT_WSCALE_NONE };
	return tcpopt_common((void *)(packet_tcp_header(data, p) + 1), end,
			     packet_options_len(p), o);
}

/* data, end: the frame's linear part. False if the options end outside. */
static __always_inline bool tcpopt_parse(const struct packet *p, void *data,
					 void *end, struct tcpopt *o)
{
	return tcpopt_quick(p, data, end, o) || tcpopt_any(p, data, end, o);
}

#endif
