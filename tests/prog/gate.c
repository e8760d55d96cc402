/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a SYN is challenged: by mode, and in adaptive mode by the queue of the
 * very listener that would get it.
 */
#include "run.h"

static const struct frame_spec syn = { .flags = FRAME_SYN,
				       FRAME_OPTIONS(frame_options_linux) };

struct row {
	const char *name;
	enum sw_mode mode;
	int backlog;
	unsigned int start_percent, half_open;
	enum sw_reason want;
};

static const struct row rows[] = {
	{ "off never challenges", SW_MODE_OFF, 4, 25, 3, SW_SYN_OFF },
	{ "always needs no queue", SW_MODE_ALWAYS, 16, 25, 0, SW_SYN_ANSWERED },
	{ "an unknown mode is off", SW_MODES, 4, 25, 3, SW_SYN_OFF },
	{ "25% of 16: calm at 0", SW_MODE_ADAPTIVE, 16, 25, 0, SW_SYN_CALM },
	{ "25% of 16: calm at 3", SW_MODE_ADAPTIVE, 16, 25, 3, SW_SYN_CALM },
	{ "25% of 16: challenged at 4", SW_MODE_ADAPTIVE, 16, 25, 4,
	  SW_SYN_ANSWERED },
	{ "25% of 16: challenged at 5", SW_MODE_ADAPTIVE, 16, 25, 5,
	  SW_SYN_ANSWERED },
	{ "25% of 15 is floored: calm at 2", SW_MODE_ADAPTIVE, 15, 25, 2,
	  SW_SYN_CALM },
	{ "25% of 15 is floored: challenged at 3", SW_MODE_ADAPTIVE, 15, 25, 3,
	  SW_SYN_ANSWERED },
	{ "25% of 3 is at least 1: calm at 0", SW_MODE_ADAPTIVE, 3, 25, 0,
	  SW_SYN_CALM },
	{ "25% of 3 is at least 1: challenged at 1", SW_MODE_ADAPTIVE, 3, 25, 1,
	  SW_SYN_ANSWERED },
	{ "listen(0) is calm while it is empty", SW_MODE_ADAPTIVE, -1, 25, 0,
	  SW_SYN_CALM },
	{ "1% of 16 is at least 1: calm at 0", SW_MODE_ADAPTIVE, 16, 1, 0,
	  SW_SYN_CALM },
	{ "100% of 4: calm at 3", SW_MODE_ADAPTIVE, 4, 100, 3, SW_SYN_CALM },
	{ "100% of 4: challenged at 4", SW_MODE_ADAPTIVE, 4, 100, 4,
	  SW_SYN_ANSWERED },
	{ "observe below start is calm", SW_MODE_OBSERVE, 16, 25, 3,
	  SW_SYN_CALM },
	{ "observe at start would answer", SW_MODE_OBSERVE, 16, 25, 4,
	  SW_WOULD_SYN_ANSWERED },
};

static void decides(void **state)
{
	const struct row *row = *state;

	run_reset();
	run_listen((struct run_listener){ .backlog = row->backlog });
	run_half_open(row->half_open);
	run_config.start_percent = row->start_percent;
	run_mode(row->mode);
	run_wants(&syn, row->want);
}

/* Half-open between end, 1, and start, 4: closed stays closed, open open. */
static void end_is_not_start(void **state)
{
	(void)state;
	run_reset();
	run_listen((struct run_listener){});
	run_half_open(2);
	run_mode(SW_MODE_ADAPTIVE);
	run_wants(&syn, SW_SYN_CALM);
	run_half_open(2);
	run_wants(&syn, SW_SYN_ANSWERED);
	run_half_open_less(2);
	run_clock_add(6 * RUN_SECOND_NS);
	run_wants(&syn, SW_SYN_ANSWERED);
	run_config.end_percent = 25;
	run_configure();
	run_wants(&syn, SW_SYN_ANSWERED); /* not yet 5 s below end */
	run_clock_add(6 * RUN_SECOND_NS);
	run_wants(&syn, SW_SYN_CALM);
}

/* What is not for this machine is not counted, nor let in. */
static void strangers_do_not_press(void **state)
{
	struct frame_spec foreign = syn;

	(void)state;
	foreign.dst = "203.0.113.5";
	run_reset();
	run_listen((struct run_listener){});
	run_mode(SW_MODE_ADAPTIVE);
	for (int i = 0; i < 64; i++)
		run_wants(&foreign, SW_FOREIGN_ADDRESS);
	run_wants(&syn, SW_SYN_CALM);
}

static void only_the_listener_that_fills(void **state)
{
	struct frame_spec other = syn;

	(void)state;
	other.dport = 81;
	run_reset();
	run_listen((struct run_listener){});
	run_listen((struct run_listener){ .port = 81 });
	run_half_open(4);
	run_mode(SW_MODE_ADAPTIVE);
	run_wants(&syn, SW_SYN_ANSWERED);
	run_wants(&other, SW_SYN_CALM);
}

static void draining(void **state)
{
	struct run_shake s;

	(void)state;
	run_reset();
	run_listen((struct run_listener){});
	run_shake(&syn, &s);
	run_drain();
	run_wants(&syn, SW_SYN_OFF);
	run_wants(&s.ack, SW_ACK_VALID);
}

static void off_keeps_its_word(void **state)
{
	struct run_shake s;

	(void)state;
	run_reset();
	run_listen((struct run_listener){});
	run_shake(&syn, &s);
	run_mode(SW_MODE_OFF);
	run_wants(&s.ack, SW_ACK_VALID);
	s.ack.ack++;
	run_wants(&s.ack, SW_WOULD_ACK_BAD);
}

/* run_frame() sees to it that the frame stays as it was. */
static void observe_touches_nothing(void **state)
{
	static const struct frame_spec syns[] = {
		{ .flags = FRAME_SYN },
		{ .flags = FRAME_SYN, .vlan_tags = 1, .payload = 100 },
		{ .flags = FRAME_SYN,
		  .ip6 = true,
		  FRAME_OPTIONS(frame_options_windows) },
		{ .flags = FRAME_SYN, .pad_to = 60 },
	};

	(void)state;
	run_reset();
	run_listen((struct run_listener){});
	run_half_open(4);
	run_mode(SW_MODE_OBSERVE);
	for (size_t i = 0; i < ARRAY_LEN(syns); i++)
		run_wants(&syns[i], SW_WOULD_SYN_ANSWERED);
}

static void accept_queue(void **state)
{
	int fd;

	(void)state;
	run_reset();
	fd = run_listen((struct run_listener){ .backlog = 2 });
	run_fill_accept(fd, 2);
	run_wants(&syn, SW_SYN_ANSWERED);
	run_reset();
	fd = run_listen((struct run_listener){ .backlog = 2 });
	run_fill_accept(fd, 3);
	run_wants(&syn, SW_SYN_ACCEPT_FULL);
}

static void listed_ports(void **state)
{
	struct sw_port listed = { .flags = SW_PORT_LISTED };
	struct frame_spec other = syn;
	__u32 port = 81;

	(void)state;
	other.dport = port;
	run_reset();
	run_listen((struct run_listener){});
	run_listen((struct run_listener){ .port = port });
	run_config.listed_only = 1;
	run_configure();
	bpf_map__update_elem(run_skel->maps.sw_ports, &port, sizeof(port),
			     &listed, sizeof(listed), 0);
	run_wants(&syn, SW_PORT_UNPROTECTED);
	run_wants(&other, SW_SYN_ANSWERED);
}

/* A connection of our own; its addresses are ours, but it has a socket. */
static void connection_is_the_kernels(void **state)
{
	struct frame_spec own = syn;
	struct frame_reply reply;

	(void)state;
	run_reset();
	run_listen((struct run_listener){});
	run_answer(&syn, &reply);
	own.src = "192.0.2.1";
	own.sport = run_connect();
	run_wants(&own, SW_SYN_HAS_SOCKET);
	own.flags = FRAME_ACK;
	run_wants(&own, SW_ACK_HAS_SOCKET);
}

int main(void)
{
	static struct table t;
	int failed;

	run_open();
	table_rows(&t, rows, decides);
	table_case(&t, "between end and start a gate stays as it is",
		   end_is_not_start, NULL);
	table_case(&t, "SYNs for other machines do not press the gate",
		   strangers_do_not_press, NULL);
	table_case(&t, "one listener's queue does not challenge another's",
		   only_the_listener_that_fills, NULL);
	table_case(&t, "draining: no new cookies, those in flight still open",
		   draining, NULL);
	table_case(&t, "off: cookies in flight still open, the rest passes",
		   off_keeps_its_word, NULL);
	table_case(&t, "observe touches no frame", observe_touches_nothing,
		   NULL);
	table_case(&t, "an accept queue is full above its backlog",
		   accept_queue, NULL);
	table_case(&t, "with listed_only, listed ports are protected",
		   listed_ports, NULL);
	table_case(&t, "a connection's segments are the kernel's",
		   connection_is_the_kernels, NULL);
	failed = table_run(&t, "gate");
	run_close();
	return failed;
}
