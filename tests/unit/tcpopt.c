/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bpf/tcpopt.h reads options as Linux's tcp_parse_options() does, whether by
 * the layouts that it knows or by its walk, and never outside the segment.
 */
#include "frame.h"
#include "tcpopt.h"
#include "unit.h"

#define NONE TCPOPT_WSCALE_NONE
#define TCP_AT 34 /* untagged, IPv4 without options */
#define OPTIONS_AT (TCP_AT + 20)

/* An option area and what is in it; len is a multiple of 4. */
struct area {
	const char *name;
	unsigned char byte[40];
	__u32 len;
	struct tcpopt has;
};

#define TS 8, 10, 1, 2, 3, 4, 5, 6, 7, 8
#define TS_HAS .timestamps = true, .tsval = 0x01020304, .tsecr = 0x05060708

/* clang-format off */
static const struct area areas[] = {
	{ "no options", { 0 }, 0, { .wscale = NONE } },
	/* systems */
	{ "a Linux SYN has all four",
	  { 2, 4, 5, 0xb4, 4, 2, TS, 1, 3, 3, 7 }, 20,
	  { .mss = 1460, .wscale = 7, .sack = true, TS_HAS } },
	{ "a Windows SYN has all but timestamps",
	  { 2, 4, 5, 0xb4, 1, 3, 3, 8, 1, 1, 4, 2 }, 12,
	  { .mss = 1460, .wscale = 8, .sack = true } },
	{ "a macOS SYN has all four",
	  { 2, 4, 5, 0xb4, 1, 3, 3, 6, 1, 1, TS, 4, 2, 0, 0 }, 24,
	  { .mss = 1460, .wscale = 6, .sack = true, TS_HAS } },
	{ "nmap's OS probe: scale first",
	  { 3, 3, 10, 1, 2, 4, 5, 0xb4, TS, 4, 2 }, 20,
	  { .mss = 1460, .wscale = 10, .sack = true, TS_HAS } },
	{ "anybody's ACK has timestamps",
	  { 1, 1, TS }, 12, { .wscale = NONE, TS_HAS } },
	{ "an ACK with timestamps last",
	  { TS, 1, 1 }, 12, { .wscale = NONE, TS_HAS } },
	{ "an ACK with SACK blocks has timestamps alone",
	  { 1, 1, TS, 1, 1, 5, 10, 2, 4, 9, 9, 3, 3, 9, 9 }, 24,
	  { .wscale = NONE, TS_HAS } },
	/* order and padding */
	{ "Linux's options the other way round",
	  { 3, 3, 7, TS, 4, 2, 2, 4, 5, 0xb4, 1 }, 20,
	  { .mss = 1460, .wscale = 7, .sack = true, TS_HAS } },
	{ "40 bytes of NOP are nothing",
	  { [0 ... 39] = 1 }, 40, { .wscale = NONE } },
	{ "38 NOPs and SACK-permitted",
	  { [0 ... 37] = 1, 4, 2 }, 40, { .wscale = NONE, .sack = true } },
	{ "40 bytes filled with 20 SACK-permitted",
	  { 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2,
	    4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2 },
	  40, { .wscale = NONE, .sack = true } },
	{ "what follows EOL does not count",
	  { 4, 2, 0, 2, 2, 4, 5, 0xb4 }, 8, { .wscale = NONE, .sack = true } },
	{ "EOL first: nothing counts",
	  { 0, 1, 1, 1, 2, 4, 5, 0xb4 }, 8, { .wscale = NONE } },
	{ "an unknown option is stepped over",
	  { 99, 6, 2, 4, 5, 0xb4, 4, 2 }, 8, { .wscale = NONE, .sack = true } },
	{ "Fast Open's cookie and MPTCP's are stepped over",
	  { 34, 2, 30, 4, 0, 0, 4, 2 }, 8, { .wscale = NONE, .sack = true } },
	/* lengths */
	{ "length 0 ends the walk, what came before counts",
	  { 4, 2, 99, 0, 2, 4, 5, 0xb4 }, 8, { .wscale = NONE, .sack = true } },
	{ "length 1 ends the walk",
	  { 4, 2, 99, 1, 2, 4, 5, 0xb4 }, 8, { .wscale = NONE, .sack = true } },
	{ "length 0 of a known option ends the walk",
	  { 2, 0, 4, 2 }, 4, { .wscale = NONE } },
	{ "an option past the end is not taken",
	  { 4, 2, 2, 4 }, 4, { .wscale = NONE, .sack = true } },
	{ "an option one byte past the end is not taken",
	  { 4, 2, 1, 1, 1, 2, 4, 5 }, 8, { .wscale = NONE, .sack = true } },
	{ "a kind in the last byte has no length",
	  { 1, 1, 1, 2 }, 4, { .wscale = NONE } },
	{ "a kind in the last of 40 bytes has no length",
	  { [0 ... 38] = 1, 3 }, 40, { .wscale = NONE } },
	{ "timestamps that end in the last of 40 bytes",
	  { [0 ... 29] = 1, TS }, 40, { .wscale = NONE, TS_HAS } },
	{ "length 255 in the last bytes",
	  { [0 ... 37] = 1, 8, 255 }, 40, { .wscale = NONE } },
	{ "an option of 40 bytes",
	  { 99, 40, 4, 2 }, 40, { .wscale = NONE } },
	{ "MSS of wrong length is stepped over",
	  { 2, 5, 5, 0xb4, 0, 4, 2, 1 }, 8, { .wscale = NONE, .sack = true } },
	{ "scale of wrong length is stepped over",
	  { 3, 4, 7, 7, 4, 2, 1, 1 }, 8, { .wscale = NONE, .sack = true } },
	{ "SACK-permitted of wrong length is stepped over",
	  { 4, 3, 0, 1, 3, 3, 5, 1 }, 8, { .wscale = 5 } },
	{ "timestamps of wrong length are stepped over",
	  { 8, 6, 1, 2, 3, 4, 4, 2 }, 8, { .wscale = NONE, .sack = true } },
	/* values */
	{ "of two MSS the last wins",
	  { 2, 4, 5, 0xb4, 2, 4, 4, 0 }, 8, { .mss = 1024, .wscale = NONE } },
	{ "of two scales the last wins",
	  { 3, 3, 7, 3, 3, 2, 1, 1 }, 8, { .wscale = 2 } },
	{ "of two timestamps the last wins",
	  { 8, 10, 9, 9, 9, 9, 9, 9, 9, 9, TS }, 20,
	  { .wscale = NONE, TS_HAS } },
	{ "MSS 0 is not sent",
	  { 2, 4, 0, 0 }, 4, { .wscale = NONE } },
	{ "MSS 0 does not undo an MSS",
	  { 2, 4, 5, 0xb4, 2, 4, 0, 0 }, 8, { .mss = 1460, .wscale = NONE } },
	{ "MSS 1 is 1", { 2, 4, 0, 1 }, 4, { .mss = 1, .wscale = NONE } },
	{ "MSS 65535 is 65535",
	  { 2, 4, 255, 255 }, 4, { .mss = 65535, .wscale = NONE } },
	{ "scale 0 is scaling", { 3, 3, 0, 1 }, 4, { .wscale = 0 } },
	{ "scale 14 is 14", { 3, 3, 14, 1 }, 4, { .wscale = 14 } },
	{ "scale 15 is 14", { 3, 3, 15, 1 }, 4, { .wscale = 14 } },
	{ "scale 255 is 14", { 3, 3, 255, 1 }, 4, { .wscale = 14 } },
	{ "a Linux SYN with scale 15 has 14",
	  { 2, 4, 5, 0xb4, 4, 2, TS, 1, 3, 3, 15 }, 20,
	  { .mss = 1460, .wscale = 14, .sack = true, TS_HAS } },
	{ "a Linux SYN with scale 255 has 14",
	  { 2, 4, 5, 0xb4, 4, 2, TS, 1, 3, 3, 255 }, 20,
	  { .mss = 1460, .wscale = 14, .sack = true, TS_HAS } },
	{ "a Linux SYN with MSS 0 has none",
	  { 2, 4, 0, 0, 4, 2, TS, 1, 3, 3, 7 }, 20,
	  { .wscale = 7, .sack = true, TS_HAS } },
	/* signatures */
	{ "TCP-MD5 is a signature",
	  { 1, 1, 19, 18 }, 20, { .wscale = NONE, .signature = true } },
	{ "TCP-AO is a signature",
	  { 29, 16, 1, 1 }, 16, { .wscale = NONE, .signature = true } },
	{ "TCP-MD5 behind MSS is one too",
	  { 2, 4, 5, 0xb4, 19, 18 }, 24,
	  { .mss = 1460, .wscale = NONE, .signature = true } },
	{ "TCP-MD5 past the end is none",
	  { 1, 1, 19, 18 }, 16, { .wscale = NONE } },
};
/* clang-format on */

static void assert_same(const struct tcpopt *a, const struct tcpopt *b)
{
	assert_int_equal(a->mss, b->mss);
	assert_int_equal(a->wscale, b->wscale);
	assert_int_equal(a->sack, b->sack);
	assert_int_equal(a->timestamps, b->timestamps);
	assert_int_equal(a->tsval, b->tsval);
	assert_int_equal(a->tsecr, b->tsecr);
	assert_int_equal(a->signature, b->signature);
}

/* A frame that ends with the given options, exactly. */
static unsigned char *frame_with(const unsigned char *options, __u32 len,
				 unsigned char **ret_end)
{
	unsigned char bytes[OPTIONS_AT + TCPOPT_MAX] = {}, *data;

	memcpy(bytes + OPTIONS_AT, options, len);
	data = exact_copy(bytes, OPTIONS_AT + len);
	*ret_end = data + OPTIONS_AT + len;
	return data;
}

/* By whatever way tcpopt_parse() takes. */
static struct tcpopt parse(const unsigned char *options, __u32 len)
{
	struct packet p = { .tcp_at = TCP_AT, .tcp_len = 20 + len };
	unsigned char *end, *data = frame_with(options, len, &end);
	struct tcpopt o;

	memset(&o, 0x55, sizeof(o)); /* garbage, all of which is replaced */
	assert_true(tcpopt_parse(&p, data, end, &o));
	exact_free(data);
	return o;
}

/* By the walk, also where a known layout would have done. */
static struct tcpopt walk(const unsigned char *options, __u32 len)
{
	unsigned char *end, *data = frame_with(options, len, &end);
	struct tcpopt o = { .wscale = NONE };
	struct tcpopt_buffer b = {};

	assert_true(tcpopt_copy((__be32 *)(data + OPTIONS_AT), end, len, &b));
	tcpopt_walk(&b, len, &o);
	exact_free(data);
	return o;
}

static void area_has(void **state)
{
	const struct area *a = *state;
	struct tcpopt parsed = parse(a->byte, a->len);
	struct tcpopt walked = walk(a->byte, a->len);

	assert_same(&parsed, &a->has);
	assert_same(&walked, &a->has);
}

/* ---- a walker that shares nothing ---- */

static __u32 big_endian(const unsigned char *b, int len)
{
	__u32 value = 0;

	while (len--)
		value = value * 256 + *b++;
	return value;
}

static void take(const unsigned char *option, struct tcpopt *o)
{
	switch (option[0] << 8 | option[1]) {
	case 2 << 8 | 4:
		if (big_endian(option + 2, 2))
			o->mss = big_endian(option + 2, 2);
		break;
	case 3 << 8 | 3:
		o->wscale = option[2] < 14 ? option[2] : 14;
		break;
	case 4 << 8 | 2:
		o->sack = true;
		break;
	case 8 << 8 | 10:
		o->timestamps = true;
		o->tsval = big_endian(option + 2, 4);
		o->tsecr = big_endian(option + 6, 4);
		break;
	}
	if (option[0] == 19 || option[0] == 29)
		o->signature = true;
}

/* After tcp_parse_options() of Linux, net/ipv4/tcp_input.c. */
static struct tcpopt reference(const unsigned char *ptr, int length)
{
	struct tcpopt o = { .wscale = NONE };

	while (length > 0) {
		int opcode = *ptr, opsize;

		if (opcode == 0)
			break;
		if (opcode == 1) {
			ptr++;
			length--;
			continue;
		}
		if (length < 2)
			break;
		opsize = ptr[1];
		if (opsize < 2 || opsize > length)
			break;
		take(ptr, &o);
		ptr += opsize;
		length -= opsize;
	}
	return o;
}

static void assert_as_reference(const unsigned char *options, __u32 len)
{
	struct tcpopt want = reference(options, len);
	struct tcpopt parsed = parse(options, len);
	struct tcpopt walked = walk(options, len);

	assert_same(&parsed, &want);
	assert_same(&walked, &want);
}

static void random_bytes(void **state)
{
	unsigned char byte[40];

	(void)state;
	for (int i = 0; i < 100000; i++) {
		random_fill(byte, sizeof(byte));
		assert_as_reference(byte, random_below(11) * 4);
	}
}

/* Kinds and sizes that mean something, mostly in the right place. */
static void random_options(void **state)
{
	static const unsigned char kinds[] = { 0, 1, 1,  2,  2, 3, 3,
					       4, 8, 19, 29, 5, 34 };
	static const unsigned char sizes[] = { 0, 1,  4,  4,  4,  3, 3,
					       2, 10, 18, 16, 10, 6 };
	unsigned char byte[40];

	(void)state;
	for (int i = 0; i < 100000; i++) {
		random_fill(byte, sizeof(byte));
		for (unsigned int at = 0; at < sizeof(byte);) {
			int k = random_below(ARRAY_LEN(kinds));
			int odd = random_below(16) ? 0 : random_below(3) - 1;

			if (!k && random_below(8))
				k = 1;
			byte[at++] = kinds[k];
			if (kinds[k] > 1 && at < sizeof(byte)) {
				byte[at] = sizes[k] + odd;
				at += byte[at] > 1 ? byte[at] - 1 : 1;
			}
		}
		assert_as_reference(byte, random_below(11) * 4);
	}
}

/* The layouts that are compared as words, and all that differ in a byte. */
static const struct area layouts[] = {
	{ "a Linux SYN, whatever one byte becomes, reads as by the walk",
	  { 2, 4, 5, 0xb4, 4, 2, TS, 1, 3, 3, 7 },
	  20,
	  {} },
	{ "a macOS SYN, whatever one byte becomes, reads as by the walk",
	  { 2, 4, 5, 0xb4, 1, 3, 3, 6, 1, 1, TS, 4, 2 },
	  24,
	  {} },
	{ "a Windows SYN, whatever one byte becomes, reads as by the walk",
	  { 2, 4, 5, 0xb4, 1, 3, 3, 8, 1, 1, 4, 2 },
	  12,
	  {} },
	{ "an ACK, whatever one byte becomes, reads as by the walk",
	  { 1, 1, TS },
	  12,
	  {} },
};

static void layout_reads_as_walk(void **state)
{
	const struct area *a = *state;
	unsigned char byte[40];

	memcpy(byte, a->byte, sizeof(byte));
	for (__u32 at = 0; at < a->len; at++) {
		for (int value = 0; value < 256; value++) {
			byte[at] = value;
			assert_as_reference(byte, a->len);
		}
		byte[at] = a->byte[at];
	}
}

/* ---- options that are not in the frame's linear part ---- */

static void cut_short(void **state)
{
	unsigned char bytes[OPTIONS_AT + TCPOPT_MAX] = {};

	(void)state;
	memcpy(bytes + OPTIONS_AT, areas[1].byte, 20);
	for (__u32 len = 4; len <= TCPOPT_MAX; len += 4)
		for (__u32 there = 0; there < len; there++) {
			struct packet p = { .tcp_at = TCP_AT,
					    .tcp_len = 20 + len };
			unsigned char *data =
				exact_copy(bytes, OPTIONS_AT + there);
			struct tcpopt o;

			assert_false(tcpopt_parse(
				&p, data, data + OPTIONS_AT + there, &o));
			exact_free(data);
		}
}

int main(void)
{
	struct table t = {};

	table_rows(&t, areas, area_has);
	table_rows(&t, layouts, layout_reads_as_walk);
	table_case(&t, "100,000 areas of random bytes read as in Linux",
		   random_bytes, NULL);
	table_case(&t, "100,000 areas of random options read as in Linux",
		   random_options, NULL);
	table_case(&t, "options that end outside the frame are not read",
		   cut_short, NULL);
	return table_run(&t, "tcpopt");
}
