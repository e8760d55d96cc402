/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From TC to a socket, and back: a cookie is used up when its socket is made,
 * no sooner; and TC finds out for itself where no mark comes from XDP.
 */
#include "wire.h"

#include <bpf/libbpf.h>

/* ---- a cookie opens once ---- */

/* A client's ACK that nobody has seen yet. */
static void acknowledged(unsigned short sport, struct run_shake *s)
{
	struct frame_spec syn = { .flags = FRAME_SYN,
				  .sport = sport,
				  FRAME_OPTIONS(frame_options_linux) };

	run_reset();
	run_listen((struct run_listener){});
	run_shake(&syn, s);
}

/* The kernel makes the socket after TC has counted. */
static bool is_used(void *ack)
{
	return run_consumed(ack);
}

static void is_consumed(void **state)
{
	struct run_shake s;

	(void)state;
	acknowledged(42001, &s);
	assert_false(run_consumed(&s.ack));
	wire_xdp_is(run_skel->progs.sw_xdp);
	wire_wants(&s.ack, SW_TC_SOCKET_MADE, 0);
	assert_true(run_until(is_used, &s.ack));
}

static void overflow_is_counted(void **state)
{
	struct sw_totals totals;
	struct run_shake s;

	(void)state;
	acknowledged(42002, &s);
	run_crowd(&s.ack);
	wire_xdp_is(run_skel->progs.sw_xdp);
	wire_wants(&s.ack, SW_TC_SOCKET_MADE, 0);
	assert_true(run_until(is_used, &s.ack));
	run_totals(&totals);
	assert_int_equal(totals.cookies_forgotten, 1);
}

/* TC hands it on, and IP throws it away: no later than there. */
static void lost_is_not_consumed(void **state)
{
	struct run_shake s;

	(void)state;
	acknowledged(42004, &s);
	wire_xdp_is(run_skel->progs.sw_xdp);
	s.ack.payload = 100;
	s.ack.bad_checksum = true;
	wire_wants(&s.ack, SW_TC_SOCKET_MADE, 0);
	s.ack.bad_checksum = false;
	run_clock_add(RUN_SECOND_NS); /* the client's time-out */
	wire_wants(&s.ack, SW_TC_SOCKET_MADE, 0);
	assert_true(run_until(is_used, &s.ack));
	wire_wants(&s.ack, SW_TC_UNMARKED, 0); /* the socket's */
}

/* What the kernel refused did not open, and may be tried again. */
static void refused_is_not_consumed(void **state)
{
	struct run_shake s;

	(void)state;
	acknowledged(42003, &s);
	run_sysctl("ipv4/tcp_timestamps", "0");
	wire_xdp_is(run_skel->progs.sw_xdp);
	wire_wants(&s.ack, SW_TC_REFUSED_INVAL, 0);
	assert_false(run_consumed(&s.ack));
}

/* ---- without metadata ---- */

struct blind {
	const char *name;
	struct sw_iface iface;
	enum sw_reason want;
};

static const struct blind blinds[] = {
	{ "a driver that had no room for a mark: TC verifies",
	  { .no_room = 1 },
	  SW_TC_SOCKET_MADE },
	{ "a driver that had no room once, and gave marks to others",
	  { .no_room = 1, .marks_set = 1, .marks_seen = 1 },
	  SW_TC_SOCKET_MADE },
	{ "a driver that takes marks and hands none on: TC verifies",
	  { .marks_set = 1 },
	  SW_TC_SOCKET_MADE },
	{ "a driver that hands marks on: TC believes that there is none",
	  { .marks_set = 1, .marks_seen = 1 },
	  SW_TC_UNMARKED },
	{ "before any mark was set TC looks at no packet", {}, SW_TC_UNMARKED },
};

static void marks_are_lost(const struct sw_iface *iface)
{
	run_iface(iface);
	wire_xdp_is(NULL); /* then nothing marks */
}

static void verifies_or_not(void **state)
{
	static unsigned short port = 43000;
	const struct blind *row = *state;
	struct run_shake s;

	acknowledged(port++, &s);
	marks_are_lost(&row->iface);
	wire_wants(&s.ack, row->want, 0);
	if (row->want == SW_TC_SOCKET_MADE)
		assert_true(run_until(is_used, &s.ack));
	else
		assert_false(run_consumed(&s.ack));
}

static const struct sw_iface no_room = { .no_room = 1 };

static void verifies_no_stranger(void **state)
{
	struct frame_spec ack;
	struct run_shake s;

	(void)state;
	acknowledged(43100, &s);
	marks_are_lost(&no_room);
	ack = s.ack;
	ack.ack++;
	wire_wants(&ack, SW_TC_UNMARKED, 0);
	ack = s.ack;
	ack.dst_mac[5] = 9;
	wire_wants(&ack, SW_TC_UNMARKED, 0);
	ack = s.ack;
	ack.flags |= FRAME_RST;
	wire_wants(&ack, SW_TC_UNMARKED, 0);
	run_consume(&s.ack);
	wire_wants(&s.ack, SW_TC_UNMARKED, 0);
}

static void verifies_once(void **state)
{
	struct run_shake s;

	(void)state;
	acknowledged(43101, &s);
	marks_are_lost(&no_room);
	wire_wants(&s.ack, SW_TC_SOCKET_MADE, 0);
	wire_wants(&s.ack, SW_TC_UNMARKED, 0); /* the socket's own */
}

static void remembers_what_it_saw(void **state)
{
	struct sw_iface iface;
	struct run_shake s;
	__u32 zero = 0;

	(void)state;
	acknowledged(43102, &s);
	run_iface(&(struct sw_iface){});
	wire_xdp_is(run_skel->progs.sw_xdp);
	wire_wants(&s.ack, SW_TC_SOCKET_MADE, 0);
	bpf_map__lookup_elem(run_skel->maps.sw_iface, &zero, sizeof(zero),
			     &iface, sizeof(iface), 0);
	assert_int_equal(iface.marks_set, 1);
	assert_int_equal(iface.marks_seen, 1);
	assert_int_equal(iface.no_room, 0);
}

int main(void)
{
	static struct table t;
	int failed;

	run_open();
	wire_open();
	table_case(&t, "a cookie that became a socket is remembered",
		   is_consumed, NULL);
	table_case(&t, "that another was forgotten for it is counted",
		   overflow_is_counted, NULL);
	table_case(&t, "a cookie whose segment IP throws away may come again",
		   lost_is_not_consumed, NULL);
	table_case(&t, "a cookie that the kernel refused is not used up",
		   refused_is_not_consumed, NULL);
	table_rows(&t, blinds, verifies_or_not);
	table_case(&t, "without marks TC takes nothing that is not a cookie",
		   verifies_no_stranger, NULL);
	table_case(&t, "without marks a second ACK is the socket's",
		   verifies_once, NULL);
	table_case(&t, "a mark set and a mark seen are written down",
		   remembers_what_it_saw, NULL);
	failed = table_run(&t, "used");
	run_close();
	return failed;
}
