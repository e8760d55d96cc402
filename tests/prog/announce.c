/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the answer announces is what the kernel would: each listener gets the
 * same SYN twice, once through XDP, once over the wire, and the SYN-ACKs are
 * compared. The window is also held against a number, because the kernel
 * rounds it by another MSS when it makes the socket (cookie_v4_check) than in
 * its own SYN-ACK.
 */
#include "run.h"

#define BY_RMEM_MAX -2 /* the machine's: only compared */
#define ECN_SYN (FRAME_SYN | FRAME_ECE | FRAME_CWR)

static const unsigned char mss_9000[20] = {
	2, 4, 0x22, 0xd8, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7
};
static const unsigned char mss_536[8] = { 2, 4, 2, 0x18, 1, 3, 3, 7 };

struct row {
	const char *name;
	struct run_listener listener;
	unsigned int mtu;
	const char *sysctl, *value;
	struct frame_spec syn; /* options: NULL = Linux's */
	unsigned short mss, window;
	int wscale;
};

/* clang-format off */
static const struct row rows[] = {
	{ "Ethernet", {}, 1500, NULL, NULL, {}, 1460, 64240, 10 },
	{ "Ethernet, IPv6", {}, 1500, NULL, NULL, { .ip6 = true }, 1440, 64240,
	  10 },
	{ "jumbo frames", {}, 9000, NULL, NULL, {}, 8960, 64240, 10 },
	{ "jumbo frames at both ends", {}, 9000, NULL, NULL,
	  { FRAME_OPTIONS(mss_9000) }, 8960, 62440, 10 },
	{ "jumbo frames, IPv6", {}, 9000, NULL, NULL, { .ip6 = true }, 8940,
	  64240, 10 },
	{ "MTU 1280", {}, 1280, NULL, NULL, {}, 1240, 64240, 10 },
	{ "MTU 1280, IPv6", {}, 1280, NULL, NULL, { .ip6 = true }, 1220, 64240,
	  10 },
	{ "TCP_MAXSEG below the MTU binds the client's MSS too",
	  { .maxseg = 1000 }, 1500, NULL, NULL, {}, 1000, 65000, 10 },
	{ "TCP_MAXSEG above the MTU", { .maxseg = 9000 }, 1500, NULL, NULL, {},
	  1460, 64240, 10 },
	{ "SO_RCVBUF 4096", { .rcvbuf = 4096 }, 1500, NULL, NULL, {}, 1460,
	  2920, 0 },
	{ "SO_RCVBUF 4096, IPv6", { .rcvbuf = 4096 }, 1500, NULL, NULL,
	  { .ip6 = true }, 1440, 2920, 0 },
	{ "SO_RCVBUF 20000", { .rcvbuf = 20000 }, 1500, NULL, NULL, {}, 1460,
	  18980, 0 },
	{ "SO_RCVBUF 200000", { .rcvbuf = 200000 }, 1500, NULL, NULL, {}, 1460,
	  65535, 2 },
	{ "a small tcp_rmem[2]: rmem_max decides the scale", {}, 1500,
	  "ipv4/tcp_rmem", "4096 131072 400000", {}, 1460, 64240, BY_RMEM_MAX },
	{ "a large tcp_rmem[2]", {}, 1500, "ipv4/tcp_rmem",
	  "4096 131072 1000000000", {}, 1460, 64240, 14 },
	{ "a large default buffer", {}, 1500, "ipv4/tcp_rmem",
	  "4096 2000000 33554432", {}, 1460, 65535, 10 },
	{ "a small default buffer", {}, 1500, "ipv4/tcp_rmem",
	  "4096 16384 33554432", {}, 1460, 7300, 10 },
	{ "tcp_rmem and default buffer small", {}, 1500, "ipv4/tcp_rmem",
	  "4096 8192 8192", {}, 1460, 2920, BY_RMEM_MAX },
	{ "tcp_workaround_signed_windows", {}, 1500,
	  "ipv4/tcp_workaround_signed_windows", "1", {}, 1460, 32767, 10 },
	{ "tcp_sack off", {}, 1500, "ipv4/tcp_sack", "0", {}, 1460, 64240, 10 },
	{ "tcp_timestamps off", {}, 1500, "ipv4/tcp_timestamps", "0", {}, 1460,
	  64240, 10 },
	{ "tcp_timestamps 2, without a random offset", {}, 1500,
	  "ipv4/tcp_timestamps", "2", {}, 1460, 64240, 10 },
	{ "tcp_window_scaling off", {}, 1500, "ipv4/tcp_window_scaling", "0",
	  {}, 1460, 64240, -1 },
	{ "tcp_ecn off", {}, 1500, "ipv4/tcp_ecn", "0", { .flags = ECN_SYN },
	  1460, 64240, 10 },
	{ "tcp_ecn on", {}, 1500, "ipv4/tcp_ecn", "1", { .flags = ECN_SYN },
	  1460, 64240, 10 },
	{ "tcp_ecn when asked", {}, 1500, "ipv4/tcp_ecn", "2",
	  { .flags = ECN_SYN }, 1460, 64240, 10 },
	{ "ECE without CWR is no request", {}, 1500, NULL, NULL,
	  { .flags = FRAME_SYN | FRAME_ECE }, 1460, 64240, 10 },
	{ "CWR without ECE is no request", {}, 1500, NULL, NULL,
	  { .flags = FRAME_SYN | FRAME_CWR }, 1460, 64240, 10 },
	{ "a Windows client", {}, 1500, NULL, NULL,
	  { FRAME_OPTIONS(frame_options_windows) }, 1460, 64240, 10 },
	{ "a macOS client", {}, 1500, NULL, NULL,
	  { FRAME_OPTIONS(frame_options_macos) }, 1460, 64240, 10 },
	{ "a client with a small MSS", {}, 1500, NULL, NULL,
	  { FRAME_OPTIONS(mss_536) }, 1460, 65392, 10 },
	{ "a client without options", {}, 1500, NULL, NULL,
	  { FRAME_OPTIONS(frame_options_mss) }, 1460, 64240, -1 },
};
/* clang-format on */

static void by_the_kernel(struct frame_spec syn, struct frame_reply *ret)
{
	syn.sport = 40001;
	run_request(&syn);
	run_wire_reply(&syn, ret);
}

static unsigned int distance(unsigned int a, unsigned int b)
{
	return a > b ? a - b : b - a;
}

static void announces_what_the_kernel_does(void **state)
{
	const struct row *row = *state;
	struct frame_spec syn = row->syn;
	struct frame_reply ours, theirs;

	if (!syn.options) {
		syn.options = frame_options_linux;
		syn.options_len = sizeof(frame_options_linux);
	}
	syn.flags |= FRAME_SYN;
	run_reset();
	run_mtu(row->mtu);
	if (row->sysctl)
		run_sysctl(row->sysctl, row->value);
	run_listen(row->listener);
	run_answer(&syn, &ours);
	by_the_kernel(syn, &theirs);

	assert_int_equal(theirs.mss, ours.mss);
	assert_int_equal(theirs.wscale, ours.wscale);
	assert_int_equal(theirs.sack, ours.sack);
	assert_int_equal(theirs.timestamps, ours.timestamps);
	assert_int_equal(theirs.tsecr, ours.tsecr);
	assert_int_equal(theirs.flags, ours.flags);
	assert_int_equal(theirs.ttl, ours.ttl);
	assert_in_range(distance(theirs.window, ours.window), 0, row->mss);

	assert_int_equal(ours.mss, row->mss);
	assert_int_equal(ours.window, row->window);
	if (row->wscale != BY_RMEM_MAX)
		assert_int_equal(ours.wscale, row->wscale);
}

int main(void)
{
	static struct table t;
	int failed;

	run_open();
	table_rows(&t, rows, announces_what_the_kernel_does);
	failed = table_run(&t, "announce");
	run_close();
	return failed;
}
