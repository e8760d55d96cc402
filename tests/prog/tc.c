/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sw_tc on a real interface, because TEST_RUN gives it no metadata. Frames
 * come over the wire with marks made by hand (tc.bpf.c) or by sw_xdp, and the
 * kernel makes real sockets of them.
 */
#include "wire.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <linux/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tc.skel.h"

#define MPTCP 262

enum kind { VALID = 1, FOLLOWS };

static struct tc *marker;
/* ---- marks made by hand ---- */

struct row {
	const char *name;
	struct run_listener listener;
	bool closed; /* no listener */
	const char *sysctl;
	struct run_mark mark; /* magic 0 = ours */
	bool unmarked;
	bool no_cookie;
	struct frame_spec frame;
	enum sw_reason want, again;
};

#define SEGMENT                                              \
	{                                                    \
		.flags = FRAME_ACK, .seq = 1001, .ack = 2001 \
	}
#define SEGMENT6                                                          \
	{                                                                 \
		.ip6 = true, .flags = FRAME_ACK, .seq = 1001, .ack = 2001 \
	}
#define PLAIN .mss = 1460

/* clang-format off */
static const struct row rows[] = {
	{ "a packet without metadata is none of our business", .unmarked = true,
	  .frame = SEGMENT, .want = SW_TC_UNMARKED },
	{ "metadata with another magic is not ours",
	  .mark = { .magic = ~RUN_MAGIC, .kind = VALID, PLAIN },
	  .frame = SEGMENT, .want = SW_TC_UNMARKED },
	{ "our mark on what TC cannot read as TCP is dropped",
	  .mark = { .kind = VALID, PLAIN }, .frame = { .ip_protocol = 17 },
	  .no_cookie = true,
	  .want = SW_TC_UNREADABLE },
	{ "our mark on an ACK of no cookie opens nothing",
	  .mark = { .kind = VALID, PLAIN }, .no_cookie = true,
	  .frame = SEGMENT, .want = SW_TC_FORGED },
	{ "a forged mark of a service that there is not is counted",
	  .mark = { .service = 0xffff, .kind = VALID, PLAIN },
	  .no_cookie = true, .frame = SEGMENT, .want = SW_TC_FORGED },
	{ "our mark on an ACK of no cookie over IPv6 opens nothing",
	  .mark = { .kind = VALID, PLAIN }, .no_cookie = true,
	  .frame = SEGMENT6, .want = SW_TC_FORGED },
	{ "a finished handshake becomes a socket",
	  .mark = { .kind = VALID, PLAIN }, .frame = SEGMENT,
	  .want = SW_TC_SOCKET_MADE },
	{ "a finished handshake over IPv6 becomes a socket",
	  .mark = { .kind = VALID, PLAIN }, .frame = SEGMENT6,
	  .want = SW_TC_SOCKET_MADE },
	{ "the listener closed in between", .closed = true,
	  .mark = { .kind = VALID, PLAIN }, .frame = SEGMENT,
	  .want = SW_TC_LISTENER_GONE },
	{ "SACK, but tcp_sack was turned off: without it",
	  .sysctl = "ipv4/tcp_sack",
	  .mark = { .kind = VALID, .sack_ok = 1, PLAIN }, .frame = SEGMENT,
	  .want = SW_TC_SOCKET_MADE },
	{ "timestamps, but tcp_timestamps was turned off",
	  .sysctl = "ipv4/tcp_timestamps",
	  .mark = { .kind = VALID, .tstamp_ok = 1, PLAIN }, .frame = SEGMENT,
	  .want = SW_TC_REFUSED_INVAL },
	{ "scaling, but tcp_window_scaling was turned off",
	  .sysctl = "ipv4/tcp_window_scaling",
	  .mark = { .kind = VALID, .wscale_ok = 1, PLAIN }, .frame = SEGMENT,
	  .want = SW_TC_REFUSED_INVAL },
	{ "an MPTCP listener is refused", .listener = { .protocol = MPTCP },
	  .mark = { .kind = VALID, PLAIN }, .frame = SEGMENT,
	  .want = SW_TC_REFUSED_INVAL },
	{ "MSS 535 is refused: 536 is the least that the kernel takes",
	  .mark = { .kind = VALID, .mss = 535 }, .frame = SEGMENT,
	  .want = SW_TC_REFUSED_INVAL },
	{ "MSS 536 is taken", .mark = { .kind = VALID, .mss = 536 },
	  .frame = SEGMENT, .want = SW_TC_SOCKET_MADE },
	{ "MSS 1219 is refused over IPv6",
	  .mark = { .kind = VALID, .mss = 1219 }, .frame = SEGMENT6,
	  .want = SW_TC_REFUSED_INVAL },
	{ "MSS 1220 is taken over IPv6", .mark = { .kind = VALID, .mss = 1220 },
	  .frame = SEGMENT6, .want = SW_TC_SOCKET_MADE },
	{ "a segment that follows goes round, and finds no socket",
	  .mark = { .kind = FOLLOWS }, .frame = SEGMENT, .want = SW_TC_LOOPED,
	  .again = SW_TC_NO_CHILD },
	{ "a segment that comes round to no listener is dropped",
	  .closed = true, .mark = { .kind = FOLLOWS }, .frame = SEGMENT,
	  .want = SW_TC_LOOPED, .again = SW_TC_NO_CHILD },
};
/* clang-format on */

static void mark_with(const struct run_mark *mark)
{
	struct run_mark m = *mark;

	m.magic = m.magic ?: RUN_MAGIC;
	memcpy(marker->bss->mark, &m, sizeof(m));
	marker->bss->words = sizeof(m) / 4;
}

static void given(const struct row *row)
{
	run_reset();
	if (!row->closed)
		run_listen(row->listener);
	if (row->sysctl)
		run_sysctl(row->sysctl, "0");
	wire_xdp_is(marker->progs.put_mark);
	marker->bss->words = 0;
	if (!row->unmarked)
		mark_with(&row->mark);
}

static void by_hand(void **state)
{
	const struct row *row = *state;
	struct frame_spec frame = row->frame;

	given(row);
	if (row->mark.kind == VALID && !row->no_cookie)
		frame.ack = run_cookie_ack(&frame);
	wire_wants(&frame, row->want, row->again);
}

static void duplicates(void **state)
{
	static const struct row first = { .mark = { .kind = VALID, PLAIN } };
	static const struct run_mark follows = { .kind = FOLLOWS };
	struct frame_spec segment = SEGMENT;

	(void)state;
	given(&first);
	segment.ack = run_cookie_ack(&segment);
	wire_wants(&segment, SW_TC_SOCKET_MADE, 0);
	wire_wants(&segment, SW_TC_SOCKET_EXISTS, 0);
	mark_with(&follows);
	wire_wants(&segment, SW_TC_LOOPED, SW_TC_SOCKET_EXISTS);
}

/* ---- the whole way: cookie, mark, socket ---- */

struct client {
	const char *name;
	struct run_listener listener;
	struct frame_spec syn;
	unsigned int payload;
};

/* clang-format off */
static const struct client clients[] = {
	{ "Linux", {}, { FRAME_OPTIONS(frame_options_linux) }, 0 },
	{ "Linux over IPv6", {},
	  { .ip6 = true, FRAME_OPTIONS(frame_options_linux) }, 0 },
	{ "Linux, and the first segment has data", {},
	  { FRAME_OPTIONS(frame_options_linux) }, 500 },
	{ "Windows", {}, { FRAME_OPTIONS(frame_options_windows) }, 0 },
	{ "Windows over IPv6", {},
	  { .ip6 = true, FRAME_OPTIONS(frame_options_windows) }, 10 },
	{ "macOS", {}, { FRAME_OPTIONS(frame_options_macos) }, 1 },
	{ "a client without options", {}, {}, 0 },
	{ "a client without options over IPv6", {}, { .ip6 = true }, 0 },
	{ "Linux with ECN", {}, { .flags = FRAME_ECE | FRAME_CWR,
	  FRAME_OPTIONS(frame_options_linux) }, 0 },
	{ "a listener with a buffer of 4096", { .rcvbuf = 4096 },
	  { FRAME_OPTIONS(frame_options_linux) }, 0 },
	{ "a listener with a buffer of 20000", { .rcvbuf = 20000 },
	  { FRAME_OPTIONS(frame_options_windows) }, 0 },
	{ "a listener with a buffer of 200000", { .rcvbuf = 200000 },
	  { FRAME_OPTIONS(frame_options_linux) }, 0 },
	{ "an IPv4 listener", { .address = "192.0.2.1" },
	  { FRAME_OPTIONS(frame_options_linux) }, 0 },
	{ "an IPv6 listener", { .address = "2001:db8::1" },
	  { .ip6 = true, FRAME_OPTIONS(frame_options_linux) }, 0 },
};
/* clang-format on */

/* struct tcp_info up to 6.2's tcpi_rcv_wnd, which Debian 12 lacks. */
struct info {
	struct tcp_info known;
	unsigned char more[64];
};

static unsigned int receive_window(const struct info *i, socklen_t len)
{
	size_t at = offsetof(struct tcp_info, tcpi_snd_wnd) + 4;
	unsigned int window;

	assert_in_range(at + 4, 0, len);
	memcpy(&window, (const char *)i + at, sizeof(window));
	return window < 65535 ? window : 65535; /* as a SYN-ACK can say */
}

/* The kernel's socket is what the SYN-ACK said. */
static void check_socket(int fd, const struct run_shake *s, bool ecn)
{
	socklen_t len = sizeof(struct info);
	struct info i = {};
	unsigned int options = 0;

	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &i, &len), 0);
	options |= s->synack.timestamps ? TCPI_OPT_TIMESTAMPS : 0;
	options |= s->synack.sack ? TCPI_OPT_SACK : 0;
	options |= s->synack.wscale >= 0 ? TCPI_OPT_WSCALE : 0;
	options |= ecn ? TCPI_OPT_ECN : 0;
	assert_int_equal(i.known.tcpi_options & 15, options);
	assert_int_equal(i.known.tcpi_rcv_wscale,
			 s->synack.wscale > 0 ? s->synack.wscale : 0);
	assert_int_equal(receive_window(&i, len), s->synack.window);
}

static int accept_one(int listener)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };
	int fd;

	assert_int_equal(poll(&p, 1, RUN_WAIT_MS), 1);
	fd = accept(listener, NULL, NULL);
	assert_true(fd >= 0);
	return fd;
}

static void check_data(int fd, unsigned int len)
{
	unsigned char got[1500];

	assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), len);
	for (unsigned int i = 0; i < len; i++)
		assert_int_equal(got[i], 'a' + i % 26);
}

/* Closed connections linger: each client comes from another port. */
static void whole_way(void **state)
{
	static unsigned short port = 41000;
	const struct client *row = *state;
	struct frame_spec syn = row->syn;
	struct run_shake s;
	int listener, fd;

	syn.flags |= FRAME_SYN;
	syn.sport = port++;
	run_reset();
	listener = run_listen(row->listener);
	run_shake(&syn, &s);
	s.ack.payload = row->payload;
	wire_xdp_is(run_skel->progs.sw_xdp);
	wire_wants(&s.ack, SW_TC_SOCKET_MADE, 0);
	assert_int_equal(run_count(SW_ACK_VALID), 1);
	fd = accept_one(listener);
	if (row->payload)
		check_data(fd, row->payload);
	else
		check_socket(fd, &s, s.synack.flags & FRAME_ECE);
	close(fd);
}

/* XDP counts and TC counts in the same service's row. */
static void one_service(void **state)
{
	struct frame_spec syn = { .flags = FRAME_SYN, .sport = 42000 };
	struct sw_port port;
	struct run_shake s;

	(void)state;
	run_reset();
	run_listen((struct run_listener){});
	run_shake(&syn, &s);
	wire_xdp_is(run_skel->progs.sw_xdp);
	wire_wants(&s.ack, SW_TC_SOCKET_MADE, 0);
	run_port(RUN_PORT, &port);
	assert_int_equal(run_count_of(port.service, SW_ACK_VALID), 1);
	assert_int_equal(run_count_of(port.service, SW_TC_SOCKET_MADE), 1);
}

int main(void)
{
	static struct table t;
	int failed;

	run_open();
	wire_open();
	marker = tc__open_and_load();
	if (!marker)
		err(1, "load tc.bpf.o");
	table_rows(&t, rows, by_hand);
	table_case(&t, "of a connection that exists, duplicates are let pass",
		   duplicates, NULL);
	table_rows(&t, clients, whole_way);
	table_case(&t, "XDP and TC count for the same service", one_service,
		   NULL);
	failed = table_run(&t, "tc");
	tc__destroy(marker);
	run_close();
	return failed;
}
