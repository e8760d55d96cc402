/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames cut short anywhere: while any header is cut they pass untouched, for
 * one reason, and are never answered or dropped. TEST_RUN refuses frames
 * below the 14 bytes of an Ethernet header with EINVAL.
 */
#include "run.h"

static const unsigned char headers[3] = { 0, 60, 44 };

static const struct row {
	const char *name;
	struct frame_spec frame;
} rows[] = {
	{ "IPv4", { FRAME_OPTIONS(frame_options_linux) } },
	{ "IPv4 with options and payload",
	  { .ip_options_len = 12,
	    .payload = 32,
	    FRAME_OPTIONS(frame_options_macos) } },
	{ "IPv4 under a tag",
	  { .vlan_tags = 1, FRAME_OPTIONS(frame_options_linux) } },
	{ "IPv4 under two tags", { .vlan_tags = 2 } },
	{ "IPv6", { .ip6 = true, FRAME_OPTIONS(frame_options_linux) } },
	{ "IPv6 under a tag", { .ip6 = true, .vlan_tags = 1 } },
	{ "IPv6 with extension headers",
	  { .ip6 = true,
	    .ip6_headers = headers,
	    .ip6_header_count = 3,
	    .ip6_header_units = 1,
	    FRAME_OPTIONS(frame_options_windows) } },
};

static void every_length(const struct frame_spec *spec)
{
	struct frame whole, cut;
	struct run run;

	frame_build(&whole, spec);
	for (cut = whole, cut.len = 14; cut.len < whole.len; cut.len++) {
		run_frame(&cut, &run);
		if (run.action != XDP_PASS)
			fail_msg("cut to %u of %u: %s", cut.len, whole.len,
				 run_reason_name(run.reason));
	}
}

static void open_service(void)
{
	struct frame_reply reply;

	run_reset();
	run_listen((struct run_listener){});
	run_answer(&(struct frame_spec){ .flags = FRAME_SYN, .sport = 9 },
		   &reply);
}

static void syn(void **state)
{
	const struct row *row = *state;
	struct frame_spec f = row->frame;

	f.flags = FRAME_SYN;
	open_service();
	every_length(&f);
}

static void ack(void **state)
{
	const struct row *row = *state;
	struct frame_spec f = row->frame;

	f.flags = FRAME_ACK;
	f.ack = 0x12345678;
	open_service();
	every_length(&f);
}

/* What the headers say counts, not the frame: bytes behind the IP packet are
 * padding, and options that reach into them are not there. */
static void header_into_padding(void **state)
{
	struct frame_spec f = { .flags = FRAME_SYN,
				.ip_len_add = -4,
				FRAME_OPTIONS(frame_options_linux) };

	(void)state;
	open_service();
	run_wants(&f, SW_MALFORMED);
	f.ip6 = true;
	run_wants(&f, SW_MALFORMED);
	f.flags = FRAME_ACK;
	run_wants(&f, SW_MALFORMED);
}

/* Any byte of the headers, any of a few values: one reason, a right answer. */
static void any_byte(void **state)
{
	static const unsigned char values[] = { 0, 1, 0x7f, 0x80, 0xff };
	const struct row *row = *state;
	struct frame_spec spec = row->frame;
	struct frame f;
	struct run run;

	spec.flags = FRAME_SYN;
	open_service();
	frame_build(&f, &spec);
	for (unsigned int i = 12; i < f.len; i++) {
		unsigned char was = f.data[i];

		for (size_t v = 0; v < ARRAY_LEN(values); v++) {
			f.data[i] = values[v];
			run_frame(&f, &run);
		}
		f.data[i] = was;
	}
}

int main(void)
{
	static struct table t;
	int failed;

	run_open();
	table_rows(&t, rows, syn);
	table_rows(&t, rows, ack);
	table_rows(&t, rows, any_byte);
	table_case(&t, "a TCP header that reaches into the padding",
		   header_into_padding, NULL);
	failed = table_run(&t, "cut");
	run_close();
	return failed;
}
