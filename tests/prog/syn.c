/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answer to a SYN: that it is one, to the sender, on its own way back,
 * with the options that its cookie can bring back and no others. What a
 * listener changes in it is announce.c's.
 */
#include "run.h"

#define ECN_SYN (FRAME_SYN | FRAME_ECE | FRAME_CWR)

static const unsigned char headers[6] = { 0, 60, 43, 44, 60, 60 };
static const unsigned char only_nops[4] = { 1, 1, 1, 1 };
static const unsigned char mss_536[4] = { 2, 4, 2, 0x18 };
static const unsigned char mss_1[4] = { 2, 4, 0, 1 };
static const unsigned char mss_0[4] = { 2, 4, 0, 0 };
static const unsigned char wscale_255[8] = { 2, 4, 5, 0xb4, 1, 3, 3, 255 };
static const unsigned char length_0[8] = { 2, 4, 5, 0xb4, 4, 0, 4, 2 };
static const unsigned char past_the_end[8] = { 2, 4, 5, 0xb4, 1, 1, 3, 9 };
static const unsigned char twice[8] = { 2, 4, 5, 0xb4, 2, 4, 4, 0xb0 };
static const unsigned char tfo[8] = { 2, 4, 5, 0xb4, 34, 2, 1, 1 };
static const unsigned char mptcp[16] = { 2, 4, 5, 0xb4, 30, 12, 0x01, 0x81,
					 1, 2, 3, 4,    5,  6,  7,    8 };
static const unsigned char nmap[20] = { 3,    3, 10, 1,    2,    4,    5,
					0xb4, 8, 10, 0xff, 0xff, 0xff, 0xff,
					0,    0, 0,  0,    4,    2 };
static const unsigned char full[40] = { 1, 1, 1, 1,    1, 1, 1, 1,  1, 1,
					1, 1, 1, 1,    1, 1, 1, 1,  1, 1,
					2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2,
					3, 4, 0, 0,    0, 0, 1, 3,  3, 7 };

struct row {
	const char *name;
	struct frame_spec syn;
	/* of the answer */
	bool timestamps, sack, scaled;
};

/* clang-format off */
static const struct row rows[] = {
	{ "Linux's SYN is answered in full",
	  { FRAME_OPTIONS(frame_options_linux) }, true, true, true },
	{ "the same over IPv6",
	  { .ip6 = true, FRAME_OPTIONS(frame_options_linux) }, true, true,
	  true },
	{ "Windows' SYN gets no timestamps",
	  { FRAME_OPTIONS(frame_options_windows) }, false, true, true },
	{ "Windows' SYN over IPv6",
	  { .ip6 = true, FRAME_OPTIONS(frame_options_windows) }, false, true,
	  true },
	{ "macOS' order of options", { FRAME_OPTIONS(frame_options_macos) },
	  true, true, true },
	{ "macOS' order of options over IPv6",
	  { .ip6 = true, FRAME_OPTIONS(frame_options_macos) }, true, true,
	  true },
	{ "nmap's order of options", { FRAME_OPTIONS(nmap) }, true, true,
	  true },
	{ "a scanner's SYN with MSS alone",
	  { FRAME_OPTIONS(frame_options_mss), .window = 1024 }, false, false,
	  false },
	{ "a SYN without options in 54 bytes: the frame grows", {}, false,
	  false, false },
	{ "a SYN without options over IPv6", { .ip6 = true }, false, false,
	  false },
	{ "a SYN without options under a tag", { .vlan_tags = 1 }, false, false,
	  false },
	{ "a SYN padded to 60 bytes: the padding goes", { .pad_to = 60 }, false,
	  false, false },
	{ "a SYN padded to 200 bytes",
	  { .pad_to = 200, FRAME_OPTIONS(frame_options_linux) }, true, true,
	  true },
	{ "a SYN of NOPs", { FRAME_OPTIONS(only_nops) }, false, false, false },
	{ "40 bytes of options", { FRAME_OPTIONS(full) }, true, true, true },
	{ "40 bytes of options over IPv6", { .ip6 = true, FRAME_OPTIONS(full) },
	  true, true, true },
	{ "an option of length 0 ends the walk", { FRAME_OPTIONS(length_0) },
	  false, false, false },
	{ "an option past the end ends the walk",
	  { FRAME_OPTIONS(past_the_end) }, false, false, false },
	{ "a repeated option", { FRAME_OPTIONS(twice) }, false, false, false },
	{ "MSS 536", { FRAME_OPTIONS(mss_536) }, false, false, false },
	{ "MSS 1", { FRAME_OPTIONS(mss_1) }, false, false, false },
	{ "MSS 0", { FRAME_OPTIONS(mss_0) }, false, false, false },
	{ "window scale 255", { FRAME_OPTIONS(wscale_255) }, false, false,
	  true },
	{ "TFO is not echoed", { FRAME_OPTIONS(tfo) }, false, false, false },
	{ "MPTCP is not echoed", { FRAME_OPTIONS(mptcp) }, false, false,
	  false },
	{ "a tagged SYN is answered with its tag", { .vlan_tags = 1,
	  .vlan_id = 0x6fff, FRAME_OPTIONS(frame_options_linux) }, true, true,
	  true },
	{ "a tagged SYN over IPv6", { .ip6 = true, .vlan_tags = 1,
	  FRAME_OPTIONS(frame_options_linux) }, true, true, true },
	{ "4 bytes of IPv4 options",
	  { .ip_options_len = 4, FRAME_OPTIONS(frame_options_linux) }, true,
	  true, true },
	{ "40 bytes of IPv4 options",
	  { .ip_options_len = 40, FRAME_OPTIONS(frame_options_linux) }, true,
	  true, true },
	{ "one extension header", { .ip6 = true, .ip6_headers = headers,
	  .ip6_header_count = 1, FRAME_OPTIONS(frame_options_linux) }, true,
	  true, true },
	{ "two extension headers", { .ip6 = true, .ip6_headers = headers,
	  .ip6_header_count = 2, FRAME_OPTIONS(frame_options_linux) }, true,
	  true, true },
	{ "three extension headers, one of them a finished routing header",
	  { .ip6 = true, .ip6_headers = headers, .ip6_header_count = 3,
	  FRAME_OPTIONS(frame_options_linux) }, true, true, true },
	{ "four extension headers, one of them an atomic fragment",
	  { .ip6 = true, .ip6_headers = headers, .ip6_header_count = 4,
	  FRAME_OPTIONS(frame_options_linux) }, true, true, true },
	{ "five extension headers", { .ip6 = true, .ip6_headers = headers,
	  .ip6_header_count = 5, FRAME_OPTIONS(frame_options_linux) }, true,
	  true, true },
	{ "six extension headers, as many as we step over", { .ip6 = true,
	  .ip6_headers = headers, .ip6_header_count = 6,
	  FRAME_OPTIONS(frame_options_linux) }, true, true, true },
	{ "six long extension headers under a tag", { .ip6 = true,
	  .vlan_tags = 1, .ip6_headers = headers, .ip6_header_count = 6,
	  .ip6_header_units = 20, FRAME_OPTIONS(frame_options_linux) }, true,
	  true, true },
	{ "a SYN with DF", { .df = true, FRAME_OPTIONS(frame_options_linux) },
	  true, true, true },
	{ "a SYN with payload: it is not acknowledged", { .payload = 100 },
	  false, false, false },
	{ "a SYN with 1,400 bytes of payload",
	  { .payload = 1400, FRAME_OPTIONS(frame_options_linux) }, true, true,
	  true },
	{ "a SYN with payload over IPv6", { .ip6 = true, .payload = 1 }, false,
	  false, false },
	{ "the last sequence number: the ACK wraps", { .seq = 0xffffffff },
	  false, false, false },
	{ "SYN with PSH and URG", { .flags = FRAME_PSH | FRAME_URG }, false,
	  false, false },
	{ "source port 65535 is a port as others", { .sport = 65535 },
	  false, false, false },
};
/* clang-format on */

static void check_way_back(const struct frame_spec *syn, const struct frame *in,
			   const struct run *run, const struct frame_reply *r)
{
	const unsigned char *out = run->out.data;
	unsigned int ip = 14 + 4 * syn->vlan_tags;
	unsigned int header = syn->ip6 ? 40 : 20;
	unsigned int size = syn->ip6 ? 16 : 4;
	unsigned int at = ip + (syn->ip6 ? 8 : 12);

	assert_memory_equal(out, in->data + 6, 6);
	assert_memory_equal(out + 6, in->data, 6);
	assert_memory_equal(out + 12, in->data + 12, ip - 12); /* tag, type */
	assert_memory_equal(r->src, in->data + at + size, size);
	assert_memory_equal(r->dst, in->data + at, size);
	assert_int_equal(r->sport, RUN_PORT);
	assert_int_equal(r->dport, syn->sport ?: 40000);
	assert_int_equal(r->ttl, 64);
	assert_int_equal(r->df, !syn->ip6);
	assert_int_equal(run->out.len, ip + r->ip_len);
	assert_int_equal(r->ip_len, header + 20 + r->options_len);
}

static void check_options(const struct row *row, const struct frame_reply *r)
{
	unsigned int words = 1 + 3 * row->timestamps + row->scaled +
			     (row->sack && !row->timestamps);

	assert_int_equal(r->mss, row->syn.ip6 ? 1440 : 1460);
	assert_int_equal(r->timestamps, row->timestamps);
	assert_int_equal(r->sack, row->sack);
	assert_int_equal(r->wscale != -1, row->scaled);
	assert_int_equal(r->options_len, words * 4);
}

static void answered(const struct row *row, struct frame_reply *ret)
{
	struct frame_spec syn = row->syn;
	struct frame in;
	struct run run;

	syn.flags |= FRAME_SYN;
	frame_build(&in, &syn);
	run_frame(&in, &run);
	assert_string_equal(run_reason_name(run.reason), "SYN_ANSWERED");
	assert_true(frame_read(run.out.data, run.out.len, ret));
	check_way_back(&syn, &in, &run, ret);
	check_options(row, ret);
	assert_int_equal(ret->ack, syn.seq + 1);
}

static void is_answered(void **state)
{
	const struct row *row = *state;
	struct frame_reply reply;

	run_reset();
	run_listen((struct run_listener){});
	answered(row, &reply);
	assert_int_equal(reply.flags, FRAME_SYN | FRAME_ACK);
}

/* ---- every subset of what a client can offer ---- */

enum offer {
	OFFER_MSS = 1,
	OFFER_WSCALE = 2,
	OFFER_SACK = 4,
	OFFER_TIMESTAMPS = 8,
	OFFER_ECN = 16,
	OFFERS = 32,
};

static unsigned int put(unsigned char *to, unsigned int at, const void *from,
			unsigned int len)
{
	memcpy(to + at, from, len);
	return at + len;
}

static unsigned int options_of(unsigned int offer, unsigned char *to)
{
	unsigned int n = 0;

	if (offer & OFFER_SACK)
		n = put(to, n, "\1\1\4\2", 4);
	if (offer & OFFER_TIMESTAMPS)
		n = put(to, n, "\1\1\10\12\1\2\3\4\0\0\0\0", 12);
	if (offer & OFFER_WSCALE)
		n = put(to, n, "\3\3\7\1", 4);
	if (offer & OFFER_MSS)
		n = put(to, n, "\2\4\5\264", 4);
	return n;
}

/* A client without timestamps and with a small MSS loses SACK: the profiles
 * have no such entry. */
static struct row offered(unsigned int offer, bool ip6, unsigned char *options)
{
	bool timestamps = offer & OFFER_TIMESTAMPS;
	bool large = ip6 || offer & OFFER_MSS;

	return (struct row){
		.syn = { .ip6 = ip6,
			 .flags = offer & OFFER_ECN ? ECN_SYN : FRAME_SYN,
			 .seq = 0x12345678 + offer,
			 .options = options,
			 .options_len = options_of(offer, options) },
		.timestamps = timestamps,
		.sack = offer & OFFER_SACK && (timestamps || large),
		.scaled = offer & OFFER_WSCALE,
	};
}

static void every_subset(bool ip6)
{
	unsigned char options[40];
	struct frame_reply r;

	run_reset();
	run_listen((struct run_listener){});
	for (unsigned int offer = 0; offer < OFFERS; offer++) {
		struct row row = offered(offer, ip6, options);
		bool ecn = row.timestamps && offer & OFFER_ECN;

		answered(&row, &r);
		assert_int_equal(r.flags,
				 FRAME_SYN | FRAME_ACK | (ecn ? FRAME_ECE : 0));
		if (r.timestamps)
			assert_int_equal(r.tsecr, FRAME_TSVAL);
	}
}

static void every_subset4(void **state)
{
	(void)state;
	every_subset(false);
}

static void every_subset6(void **state)
{
	(void)state;
	every_subset(true);
}

static void same_isn_in_an_epoch(void **state)
{
	struct frame_spec syn = { .flags = FRAME_SYN,
				  .seq = 7,
				  FRAME_OPTIONS(frame_options_linux) };
	struct frame_reply first, second;

	(void)state;
	run_reset();
	run_listen((struct run_listener){});
	run_answer(&syn, &first);
	run_clock_add(3 * RUN_SECOND_NS);
	run_answer(&syn, &second);
	assert_int_equal(first.seq, second.seq);
	assert_int_not_equal(first.tsval, second.tsval);
	syn.seq++;
	run_answer(&syn, &second);
	assert_int_not_equal(first.seq, second.seq);
}

static void metadata_is_taken_away(void **state)
{
	static const unsigned char foreign[32] = { 0x77, 0x6e, 0x79, 0x73 };
	struct frame_spec spec = { .flags = FRAME_SYN };
	struct frame f;
	struct run run;

	(void)state;
	run_reset();
	frame_build(&f, &spec);
	for (unsigned int len = 4; len <= sizeof(foreign); len += 4) {
		run_frame_meta(&f, foreign, len, &run);
		assert_string_equal(run_reason_name(run.reason),
				    "SYN_NO_LISTENER");
	}
	run_listen((struct run_listener){});
	run_frame_meta(&f, foreign, sizeof(foreign), &run);
	assert_string_equal(run_reason_name(run.reason), "SYN_ANSWERED");
}

int main(void)
{
	static struct table t;
	int failed;

	run_open();
	table_rows(&t, rows, is_answered);
	table_case(&t, "IPv4: every subset of options is answered in kind",
		   every_subset4, NULL);
	table_case(&t, "IPv6: every subset of options is answered in kind",
		   every_subset6, NULL);
	table_case(&t, "a SYN sent again in the epoch gets the same ISN",
		   same_isn_in_an_epoch, NULL);
	table_case(&t, "metadata that somebody else left is taken away",
		   metadata_is_taken_away, NULL);
	failed = table_run(&t, "syn");
	run_close();
	return failed;
}
