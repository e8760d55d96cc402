/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tuples that had a socket in this tick of the clock pass unasked: those, in
 * this tick, and no others. The clock stands still.
 */
#include "run.h"

static const struct frame_spec syn = { .flags = FRAME_SYN,
				       FRAME_OPTIONS(frame_options_linux) };

static struct frame_spec segment;

/* The kernel shakes hands with syn's client; the service has cookies out. */
static void connection(void)
{
	struct frame_spec other = syn;
	struct frame_reply reply;

	run_request(&syn);
	run_wire_reply(&syn, &reply);
	segment = syn;
	segment.flags = FRAME_ACK;
	segment.seq = syn.seq + 1;
	segment.ack = reply.seq + 1;
	segment.options_len = 0;
	run_wire(&segment);
	other.sport = 41000;
	run_answer(&other, &reply);
	run_clock_stop();
	run_wants(&segment, SW_ACK_HAS_SOCKET);
}

static void connection_ends(void)
{
	run_half_open_less(1); /* by its client's RST */
}

static void begin(void)
{
	run_reset();
	run_listen((struct run_listener){});
	connection();
}

static void believed_for_a_tick(void **state)
{
	(void)state;
	begin();
	connection_ends();
	run_wants(&segment, SW_ACK_HAS_SOCKET);
	run_clock_go();
	run_wants(&segment, SW_ACK_BAD);
}

static void syn_ends_belief(void **state)
{
	struct run_shake s;

	(void)state;
	begin();
	connection_ends();
	run_shake(&syn, &s);
	run_wants(&s.ack, SW_ACK_VALID);
}

static void syn_of_a_connection(void **state)
{
	(void)state;
	begin();
	run_wants(&syn, SW_SYN_HAS_SOCKET);
	run_wants(&segment, SW_ACK_HAS_SOCKET);
}

/* What only a segment with an ACK is let through for. */
static void others_are_not_examined(void **state)
{
	static const unsigned char flags[] = { FRAME_RST, FRAME_RST | FRAME_ACK,
					       FRAME_SYN | FRAME_ACK, 0 };

	(void)state;
	begin();
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		segment.flags = flags[i];
		run_wants(&segment, SW_NOT_EXAMINED);
	}
}

struct step {
	const char *name;
	int seq, ack;
	enum sw_reason want;
};

/* From the segment that was looked up; the connection has ended since. */
static const struct step steps[] = {
	{ "a megabyte further on, less a byte, it is known still",
	  .seq = (1 << 20) - 1, .want = SW_ACK_HAS_SOCKET },
	{ "a megabyte further on it is looked up", .seq = 1 << 20,
	  .want = SW_ACK_BAD },
	{ "what came before it is looked up", .seq = -1, .want = SW_ACK_BAD },
	{ "64 KiB acknowledged, less a byte, it is known still",
	  .ack = (1 << 16) - 1, .want = SW_ACK_HAS_SOCKET },
	{ "64 KiB acknowledged, it is looked up", .ack = 1 << 16,
	  .want = SW_ACK_BAD },
	{ "an older acknowledgment is looked up", .ack = -1,
	  .want = SW_ACK_BAD },
};

static void further_on(void **state)
{
	const struct step *step = *state;

	begin();
	connection_ends();
	segment.seq += step->seq;
	segment.ack += step->ack;
	run_wants(&segment, step->want);
}

struct row {
	const char *name;
	struct frame_spec frame;
};

/* clang-format off */
static const struct row rows[] = { /* all in the slot of syn's, see known.h */
	{ "another port of the client's is not known", { .sport = 4142 } },
	{ "another port of ours is not known", { .dport = 81 } },
	{ "another client is not known", { .src = "198.18.0.183" } },
	{ "another address of ours is not known", { .dst = "192.0.2.2" } },
	{ "IPv6 addresses with the bits of IPv4's are not known",
	  { .ip6 = true, .src = "c633:6407::", .dst = "c000:201::" } },
};
/* clang-format on */

static void not_known(void **state)
{
	const struct row *row = *state;
	struct frame_spec other = row->frame, cookie = syn;
	struct frame_reply reply;

	run_reset();
	run_listen((struct run_listener){});
	run_listen((struct run_listener){ .port = 81 });
	cookie.dport = 81;
	run_answer(&cookie, &reply);
	connection();
	other.flags = FRAME_ACK;
	other.seq = segment.seq;
	other.ack = segment.ack;
	run_wants(&other, other.ip6 ? SW_FOREIGN_ADDRESS : SW_ACK_BAD);
}

/* A handshake of the kernel's that has not ended is asked for each time. */
static void request_is_not_known(void **state)
{
	struct run_shake s;

	(void)state;
	run_reset();
	run_listen((struct run_listener){});
	run_clock_stop();
	run_shake(&syn, &s);
	run_request(&syn);
	s.ack.seq += 2 << 20;
	run_wants(&s.ack, SW_ACK_HAS_SOCKET);
	s.ack.seq -= 2 << 20;
	run_wants(&s.ack, SW_ACK_ENDS_REQUEST);
}

int main(void)
{
	static struct table t;
	int failed;

	run_open();
	table_case(&t, "a connection that ended is known until the clock ticks",
		   believed_for_a_tick, NULL);
	table_case(&t, "a challenged SYN on its tuple: its cookie's ACK opens",
		   syn_ends_belief, NULL);
	table_case(&t, "a SYN on a known tuple is the kernel's",
		   syn_of_a_connection, NULL);
	table_case(&t, "only an ACK is let through", others_are_not_examined,
		   NULL);
	table_rows(&t, steps, further_on);
	table_rows(&t, rows, not_known);
	table_case(&t, "the kernel's handshake is not taken for a connection",
		   request_is_not_known, NULL);
	failed = table_run(&t, "known");
	run_close();
	return failed;
}
