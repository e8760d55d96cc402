/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the SYN-ACK back to a socket: a client's ACK verifies, by XDP and by
 * cookie_check() on the host, for as long as it should and under the key that
 * it should; and its metadata tells TC what the client offered.
 */
#include "run.h"

#include "cookie.h"
#include "keys.h"

#define ECN_SYN (FRAME_SYN | FRAME_ECE | FRAME_CWR)
#define NO_RTT_MS 2147484 /* 2^31 us: no sample is taken of so old a TSecr */

static const unsigned char jumbo[20] = { 2, 4, 0x22, 0xd8, 4, 2, 8, 10, 1, 2,
					 3, 4, 0,    0,    0, 0, 1, 3,  3, 14 };
static const unsigned char ts_alone[12] = {
	1, 1, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0
};
static const unsigned char wscale_15[20] = {
	2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 15
};
static const unsigned char wscale_15_first[20] = { 1,    3, 3, 15, 2,  4, 5,
						   0xb4, 1, 1, 8,  10, 1, 2,
						   3,    4, 0, 0,  0,  0 };
static const unsigned char scale_3[12] = {
	2, 4, 5, 0xb4, 1, 3, 3, 3, 1, 1, 4, 2
};
static const unsigned char headers[2] = { 0, 60 };

struct row {
	const char *name;
	struct frame_spec syn;
	/* bpf_tcp_req_attrs */
	unsigned short mss;
	signed char snd_wscale; /* -1 = not scaled */
	bool sack, timestamps, ecn;
};

/* clang-format off */
static const struct row rows[] = {
	{ "a Linux client", { FRAME_OPTIONS(frame_options_linux) }, 1460, 7,
	  true, true, false },
	{ "a Linux client over IPv6",
	  { .ip6 = true, FRAME_OPTIONS(frame_options_linux) }, 1460, 7, true,
	  true, false },
	{ "a Linux client with ECN",
	  { .flags = ECN_SYN, FRAME_OPTIONS(frame_options_linux) }, 1460, 7,
	  true, true, true },
	{ "a macOS client", { FRAME_OPTIONS(frame_options_macos) }, 1460, 6,
	  true, true, false },
	{ "a Windows client", { FRAME_OPTIONS(frame_options_windows) }, 1460, 8,
	  true, false, false },
	{ "a Windows client with ECN loses that",
	  { .flags = ECN_SYN, FRAME_OPTIONS(frame_options_windows) }, 1460, 8,
	  true, false, false },
	{ "a Windows client over IPv6",
	  { .ip6 = true, FRAME_OPTIONS(frame_options_windows) }, 1460, 8, true,
	  false, false },
	{ "scale 3 without timestamps is rounded to 2",
	  { FRAME_OPTIONS(scale_3) }, 1460, 2, true, false, false },
	{ "a scanner with MSS alone", { FRAME_OPTIONS(frame_options_mss) },
	  1460, -1, false, false, false },
	{ "a client without options gets 536", {}, 536, -1, false, false,
	  false },
	{ "a client without options over IPv6 gets 1220", { .ip6 = true }, 1220,
	  -1, false, false, false },
	{ "timestamps alone", { FRAME_OPTIONS(ts_alone) }, 536, -1, false, true,
	  false },
	{ "MSS 8920 and scale 14 come back exactly", { FRAME_OPTIONS(jumbo) },
	  8920, 14, true, true, false },
	{ "scale 15 is 14 (RFC 7323 2.3)", { FRAME_OPTIONS(wscale_15) }, 1460,
	  14, true, true, false },
	{ "scale 15 is 14 in any order of options",
	  { FRAME_OPTIONS(wscale_15_first) }, 1460, 14, false, true, false },
	{ "under a tag", { .vlan_tags = 1, FRAME_OPTIONS(frame_options_linux) },
	  1460, 7, true, true, false },
	{ "with IPv4 options",
	  { .ip_options_len = 8, FRAME_OPTIONS(frame_options_linux) }, 1460, 7,
	  true, true, false },
	{ "behind extension headers", { .ip6 = true, .ip6_headers = headers,
	  .ip6_header_count = 2, FRAME_OPTIONS(frame_options_linux) }, 1460, 7,
	  true, true, false },
	{ "the last sequence number",
	  { .seq = 0xffffffff, FRAME_OPTIONS(frame_options_linux) }, 1460, 7,
	  true, true, false },
};
/* clang-format on */

static void shake(const struct frame_spec *of, struct run_shake *s)
{
	struct frame_spec syn = *of;

	syn.flags |= FRAME_SYN;
	run_shake(&syn, s);
}

static void check_host(const struct row *row, const struct frame_spec *ack)
{
	struct cookie_options o;
	bool scaled = row->snd_wscale >= 0;

	assert_true(run_cookie_check(ack, &o));
	assert_int_equal(o.mss, row->mss);
	assert_int_equal(o.wscale,
			 scaled ? row->snd_wscale : TCPOPT_WSCALE_NONE);
	assert_int_equal(o.sack, row->sack);
	assert_int_equal(o.timestamps, row->timestamps);
	assert_int_equal(o.ecn, row->ecn);
}

static void check_mark(const struct row *row, const struct run_shake *s,
		       const struct run *run)
{
	const struct run_mark *m = (const void *)run->meta;
	bool scaled = row->snd_wscale >= 0;
	unsigned int rtt;

	assert_int_equal(m->kind, 1);
	assert_int_equal(m->mss, row->mss);
	assert_int_equal(m->wscale_ok, scaled);
	assert_int_equal(m->snd_wscale, scaled ? row->snd_wscale : 0);
	assert_int_equal(m->rcv_wscale, scaled ? s->synack.wscale : 0);
	assert_int_equal(m->sack_ok, row->sack);
	assert_int_equal(m->tstamp_ok, row->timestamps);
	assert_int_equal(m->ecn_ok, row->ecn);
	assert_int_equal(m->usec_ts_ok, 0);
	assert_int_equal(m->reserved[0] | m->reserved[1] | m->reserved[2], 0);
	if (!row->timestamps) {
		assert_int_equal(m->rcv_tsval | m->rcv_tsecr, 0);
		return;
	}
	rtt = m->rcv_tsecr - s->synack.tsval;
	assert_int_equal(m->rcv_tsval, FRAME_TSVAL + 1);
	assert_in_range(rtt, 0, 1000);
}

static void becomes_a_socket(void **state)
{
	const struct row *row = *state;
	struct run_shake s;
	struct run run;

	run_reset();
	run_listen((struct run_listener){});
	shake(&row->syn, &s);
	check_host(row, &s.ack);
	run_spec(&s.ack, &run);
	assert_string_equal(run_reason_name(run.reason), "ACK_VALID");
	check_mark(row, &s, &run);
}

/* ---- the first segment need not be a bare ACK ---- */

struct segment {
	const char *name;
	unsigned char flags;
	unsigned int payload, pad_to;
	unsigned int seq_add, ack_add;
	enum sw_reason want;
};

/* clang-format off */
static const struct segment segments[] = {
	{ "a bare ACK padded to 60 bytes", 0, 0, 60, 0, 0, SW_ACK_VALID },
	{ "an ACK with data (the bare one was lost)", FRAME_PSH, 700, 0, 0, 0,
	  SW_ACK_VALID },
	{ "an ACK with FIN", FRAME_FIN, 0, 0, 0, 0, SW_ACK_VALID },
	{ "an ACK with data and FIN", FRAME_FIN | FRAME_PSH, 5, 0, 0, 0,
	  SW_ACK_VALID },
	{ "an ACK with ECE and URG", FRAME_ECE | FRAME_URG, 0, 0, 0, 0,
	  SW_ACK_VALID },
	{ "an ACK with RST is not examined", FRAME_RST, 0, 0, 0, 0,
	  SW_NOT_EXAMINED },
	{ "one sequence number on", 0, 0, 0, 1, 0, SW_ACK_BAD },
	{ "one sequence number back", 0, 0, 0, -1, 0, SW_ACK_BAD },
	{ "one more acknowledged", 0, 0, 0, 0, 1, SW_ACK_BAD },
	{ "one less acknowledged", 0, 0, 0, 0, -1, SW_ACK_BAD },
	{ "the other parity", 0, 0, 0, 0, 1U << 31, SW_ACK_BAD },
};
/* clang-format on */

static const struct frame_spec linux_syn = {
	.flags = FRAME_SYN, FRAME_OPTIONS(frame_options_linux)
};

static void first_segment(void **state)
{
	const struct segment *row = *state;
	struct run_shake s;

	run_reset();
	run_listen((struct run_listener){});
	shake(&linux_syn, &s);
	s.ack.flags |= row->flags;
	s.ack.payload = row->payload;
	s.ack.pad_to = row->pad_to;
	s.ack.seq += row->seq_add;
	s.ack.ack += row->ack_add;
	run_wants(&s.ack, row->want);
}

/* Changes one thing that the cookie is of; each alone makes it bad. */
static void nothing_can_be_changed(void **state)
{
	struct run_shake s;
	struct frame_spec ack;

	(void)state;
	run_reset();
	run_listen((struct run_listener){});
	shake(&linux_syn, &s);
	ack = s.ack;
	ack.src = "198.51.100.8";
	run_wants(&ack, SW_ACK_BAD);
	ack = s.ack;
	ack.dst = "192.0.2.2";
	run_wants(&ack, SW_ACK_BAD);
	ack = s.ack;
	ack.sport = 40001;
	run_wants(&ack, SW_ACK_BAD);
	ack = s.ack;
	ack.options_len = 0;
	run_wants(&ack, SW_ACK_BAD);
	for (int bit = 0; bit < 22; bit++) {
		frame_timestamps(s.options, 1, s.synack.tsval ^ 1U << bit);
		run_wants(&s.ack, SW_ACK_BAD);
	}
	frame_timestamps(s.options, 1, s.synack.tsval);
	run_wants(&s.ack, SW_ACK_VALID);
}

static void addresses6_count_in_full(void **state)
{
	static const char *const others[] = { "2001:db8:1::8",
					      "2001:db8:1:1::7",
					      "2001:db9:1::7",
					      "2001:db8:1:0:1::7" };
	struct frame_spec syn = linux_syn;
	struct run_shake s;

	(void)state;
	syn.ip6 = true;
	run_reset();
	run_listen((struct run_listener){});
	shake(&syn, &s);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		struct frame_spec ack = s.ack;

		ack.src = others[i];
		run_wants(&ack, SW_ACK_BAD);
	}
	run_wants(&s.ack, SW_ACK_VALID);
}

/* ---- time ---- */

struct age {
	const char *name;
	unsigned int epochs;
	__u32 begin; /* epoch of the SYN */
	bool plain;
	enum sw_reason want;
};

/* clang-format off */
static const struct age ages[] = {
	{ "valid in its own epoch", 0, 1000, false, SW_ACK_VALID },
	{ "valid in the next epoch", 1, 1000, false, SW_ACK_VALID },
	{ "valid in the next epoch, begun in an odd one", 1, 1001, false,
	  SW_ACK_VALID },
	{ "old after two epochs", 2, 1000, false, SW_ACK_OLD },
	{ "old after two epochs, begun in an odd one", 2, 1001, false,
	  SW_ACK_OLD },
	{ "none of our business after three", 3, 1000, false, SW_SERVICE_IDLE },
	{ "without timestamps: valid in its own epoch", 0, 1000, true,
	  SW_ACK_VALID },
	{ "without timestamps: valid in the next epoch", 1, 1000, true,
	  SW_ACK_VALID },
	{ "without timestamps: old after two epochs", 2, 1000, true,
	  SW_ACK_OLD },
	{ "across 2^24 epochs' carry", 1, 0xffffff, false, SW_ACK_VALID },
};
/* clang-format on */

static void ages_by_epochs(void **state)
{
	const struct age *row = *state;
	struct frame_spec syn = linux_syn;
	struct run_shake s;

	if (row->plain)
		syn.options_len = 0;
	run_reset();
	run_listen((struct run_listener){});
	run_clock(row->begin, 30 * RUN_SECOND_NS);
	shake(&syn, &s);
	run_clock(row->begin + row->epochs, 30 * RUN_SECOND_NS);
	run_tick();
	run_wants(&s.ack, row->want);
}

static void three_epochs_are_forgotten(void **state)
{
	struct run_shake s;
	struct frame_reply reply;

	(void)state;
	run_reset();
	run_listen((struct run_listener){});
	shake(&linux_syn, &s);
	run_clock_add(3ULL << SW_EPOCH_SHIFT);
	run_answer(&linux_syn, &reply); /* awake again */
	run_tick();
	run_wants(&s.ack, SW_ACK_OLD); /* parity: epoch-3 is (epoch)-1-2 */
	run_clock_add(1ULL << SW_EPOCH_SHIFT);
	run_tick();
	run_wants(&s.ack, SW_ACK_BAD);
}

struct trip {
	const char *name;
	__u64 ms, most;
	bool none; /* no sample */
};

/* The cookie's clock counts 4.2 ms and the coarse one up to 10. */
static const struct trip trips[] = {
	{ "a round trip of 300 ms is handed on", 300, 400, false },
	{ "a round trip of 900 ms is handed on", 900, 999, false },
	{ "a round trip past the SYN's timeout is no sample", 1100, 0, true },
	{ "a round trip of 3 s is no sample", 3000, 0, true },
};

static void round_trip(void **state)
{
	const struct trip *row = *state;
	struct run_shake s;
	struct run run;
	unsigned int rtt;

	run_reset();
	run_listen((struct run_listener){});
	shake(&linux_syn, &s);
	run_clock_add(row->ms * 1000000);
	run_spec(&s.ack, &run);
	assert_int_equal(run.reason, SW_ACK_VALID);
	rtt = ((struct run_mark *)run.meta)->rcv_tsecr - s.synack.tsval;
	if (row->none)
		assert_int_equal(rtt, NO_RTT_MS);
	else
		assert_in_range(rtt, row->ms - 10, row->most);
}

/* ---- keys ---- */

static const struct sw_key second_key = { 1, 2 };

static void roll_from(__u32 epoch)
{
	run_keys.key[1] = second_key;
	run_keys.made_ns[1] = 1;
	run_keys.generation[1] = 2;
	run_keys.second_from = epoch;
	run_configure();
}

static void roll_drops_nobody(void **state)
{
	struct run_shake before, after;
	struct frame_spec other = linux_syn;

	(void)state;
	other.sport = 40001;
	run_reset();
	run_listen((struct run_listener){});
	roll_from(RUN_EPOCH + 1);
	shake(&linux_syn, &before);
	run_clock_add(1ULL << SW_EPOCH_SHIFT);
	shake(&other, &after);
	run_wants(&before.ack, SW_ACK_VALID);
	run_wants(&after.ack, SW_ACK_VALID);
}

/* The first key's cookies are not good under the second, nor the reverse. */
static void keys_are_two(void **state)
{
	struct run_shake s;

	(void)state;
	run_reset();
	run_listen((struct run_listener){});
	shake(&linux_syn, &s);
	roll_from(RUN_EPOCH);
	run_wants(&s.ack, SW_ACK_BAD);
	shake(&linux_syn, &s);
	run_keys.made_ns[1] = 0; /* no such generation */
	run_configure();
	run_wants(&s.ack, SW_ACK_BAD);
}

static void slot_flips(void **state)
{
	struct run_shake s;

	(void)state;
	run_reset();
	run_listen((struct run_listener){});
	shake(&linux_syn, &s);
	run_config.key_slot = 1;
	run_configure();
	run_wants(&s.ack, SW_ACK_BAD);
	run_config.key_slot = 0;
	run_configure();
	run_wants(&s.ack, SW_ACK_VALID);
}

/* What user space does at `keys rotate`, and the epochs that follow. */
static void rotate(const struct keys_root *root)
{
	const __u32 one = 1;
	struct sw_keyring next;

	assert_int_equal(keys_roll(&run_keys, run_now(), root, &next), 0);
	assert_int_equal(bpf_map__update_elem(run_skel->maps.sw_keys, &one,
					      sizeof(one), &next, sizeof(next),
					      BPF_ANY),
			 0);
	run_config.key_slot = 1;
	memset(&run_keys, 0, sizeof(run_keys)); /* the old slot is wiped */
	run_configure();
}

static void rotate_drops_nobody(void **state)
{
	const struct keys_root root = { .bytes = { 1, 2, 3 } };
	struct run_shake s[4];

	(void)state;
	run_reset();
	run_listen((struct run_listener){});
	keys_make_ring(&root, run_now(), &run_keys);
	run_configure();
	for (int epoch = 0; epoch < 4; epoch++) {
		struct frame_spec syn = linux_syn;

		syn.sport = 40100 + epoch;
		shake(&syn, &s[epoch]);
		if (epoch == 0)
			rotate(&root);
		run_clock_add(1ULL << SW_EPOCH_SHIFT);
		run_wants(&s[epoch].ack, SW_ACK_VALID);
	}
	run_tick();
	run_wants(&s[2].ack, SW_ACK_OLD); /* under the key that took over */
}

int main(void)
{
	static struct table t;
	int failed;

	run_open();
	table_rows(&t, rows, becomes_a_socket);
	table_rows(&t, segments, first_segment);
	table_case(&t, "nothing that the cookie is of can be changed",
		   nothing_can_be_changed, NULL);
	table_case(&t, "IPv6 addresses count in full", addresses6_count_in_full,
		   NULL);
	table_rows(&t, ages, ages_by_epochs);
	table_case(&t, "after four epochs a cookie was never ours",
		   three_epochs_are_forgotten, NULL);
	table_rows(&t, trips, round_trip);
	table_case(&t, "a key roll drops nobody", roll_drops_nobody, NULL);
	table_case(&t, "keys rotate drops nobody, four epochs long",
		   rotate_drops_nobody, NULL);
	table_case(&t, "an epoch has one key", keys_are_two, NULL);
	table_case(&t, "the key slot says which keys are in force", slot_flips,
		   NULL);
	failed = table_run(&t, "ack");
	run_close();
	return failed;
}
