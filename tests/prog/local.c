/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Only what is addressed to this machine, by somebody who can be: for a SYN
 * and for an ACK, though a wildcard listener would take any of them.
 */
#include "run.h"

#include <stdio.h>

#define TICK_NS (1 << 24) /* addresses are looked up again each tick */

struct row {
	const char *name;
	struct frame_spec frame;
	enum sw_reason want; /* 0 = it is for us */
};

/* clang-format off */
static const struct row rows[] = {
	{ "our address is ours", {}, 0 },
	{ "our IPv6 address is ours", { .ip6 = true }, 0 },
	{ "a second address of the interface is ours", { .dst = "192.0.2.2" },
	  0 },
	{ "an address of another interface (lo) is ours",
	  { .dst = "203.0.113.200" }, 0 },
	{ "an IPv6 address of another interface is ours",
	  { .ip6 = true, .dst = "2001:db8:5::1" }, 0 },
	{ "lo's own address is the kernel's, which takes nothing for it",
	  { .dst = "127.0.0.1" }, SW_FOREIGN_ADDRESS },
	{ "another of lo's own network", { .dst = "127.1.2.3" },
	  SW_FOREIGN_ADDRESS },
	{ "lo's own IPv6 address", { .ip6 = true, .dst = "::1" },
	  SW_FOREIGN_ADDRESS },
	{ "a foreign station's frame", { .dst_mac = { 2, 0, 0, 0, 0, 9 } },
	  SW_FOREIGN_MAC },
	{ "one bit off in the MAC's first byte",
	  { .dst_mac = { 6, 0, 0, 0, 0, 1 } }, SW_FOREIGN_MAC },
	{ "one bit off in the MAC's last byte",
	  { .dst_mac = { 2, 0, 0, 0, 0, 3 } }, SW_FOREIGN_MAC },
	{ "a broadcast frame", { .dst_mac = { 255, 255, 255, 255, 255, 255 } },
	  SW_FOREIGN_MAC },
	{ "a multicast frame", { .dst_mac = { 1, 0, 0x5e, 0, 0, 1 } },
	  SW_FOREIGN_MAC },
	{ "a multicast frame over IPv6",
	  { .ip6 = true, .dst_mac = { 0x33, 0x33, 0, 0, 0, 1 } },
	  SW_FOREIGN_MAC },
	{ "a neighbour's address", { .dst = "192.0.2.9" }, SW_FOREIGN_ADDRESS },
	{ "a neighbour's IPv6 address", { .ip6 = true, .dst = "2001:db8::9" },
	  SW_FOREIGN_ADDRESS },
	{ "the subnet's broadcast address", { .dst = "192.0.2.255" },
	  SW_FOREIGN_ADDRESS },
	{ "the limited broadcast address", { .dst = "255.255.255.255" },
	  SW_FOREIGN_ADDRESS },
	{ "a multicast group", { .dst = "224.0.0.1" }, SW_FOREIGN_ADDRESS },
	{ "an IPv6 multicast group", { .ip6 = true, .dst = "ff02::1" },
	  SW_FOREIGN_ADDRESS },
	{ "the unspecified address", { .dst = "0.0.0.0" }, SW_FOREIGN_ADDRESS },
	{ "our IPv4 address, mapped into IPv6",
	  { .ip6 = true, .dst = "::ffff:192.0.2.1" }, SW_FOREIGN_ADDRESS },
	{ "a mapped IPv4 source", { .ip6 = true, .src = "::ffff:198.51.100.7" },
	  SW_SYN_BAD_SOURCE },
	{ "a multicast source", { .src = "239.255.255.255" },
	  SW_SYN_BAD_SOURCE },
	{ "a broadcast source", { .src = "255.255.255.255" },
	  SW_SYN_BAD_SOURCE },
	{ "the unspecified source", { .src = "0.0.0.0" }, SW_SYN_BAD_SOURCE },
	{ "a source in 0/8 may be: Linux takes it", { .src = "0.0.0.1" }, 0 },
	{ "a loopback source", { .src = "127.0.0.2" }, SW_SYN_BAD_SOURCE },
	{ "a source in 126/8 may be", { .src = "126.255.255.255" }, 0 },
	{ "a source in 128/8 may be", { .src = "128.0.0.1" }, 0 },
	{ "a source in 223/8 may be", { .src = "223.255.255.255" }, 0 },
	{ "a multicast IPv6 source", { .ip6 = true, .src = "ff0e::1" },
	  SW_SYN_BAD_SOURCE },
	{ "the unspecified IPv6 source", { .ip6 = true, .src = "::" },
	  SW_SYN_BAD_SOURCE },
	{ "the loopback IPv6 source", { .ip6 = true, .src = "::1" },
	  SW_SYN_BAD_SOURCE },
	{ "IPv6 source ::2 may be", { .ip6 = true, .src = "::2" }, 0 },
	{ "our own address as source (land)",
	  { .src = "192.0.2.1", .sport = 80 }, SW_SYN_BAD_SOURCE },
	{ "another address of ours as source", { .src = "192.0.2.2" },
	  SW_SYN_BAD_SOURCE },
	{ "our own IPv6 address as source",
	  { .ip6 = true, .src = "2001:db8::1" }, SW_SYN_BAD_SOURCE },
	{ "a tagged frame for a foreign address",
	  { .vlan_tags = 1, .dst = "192.0.2.9" }, SW_FOREIGN_ADDRESS },
};
/* clang-format on */

static const struct frame_spec usual = { .flags = FRAME_SYN, .sport = 9 };

static void syn(void **state)
{
	const struct row *row = *state;
	struct frame_spec f = row->frame;

	f.flags = FRAME_SYN;
	run_reset();
	run_listen((struct run_listener){});
	run_wants(&f, row->want ?: SW_SYN_ANSWERED);
}

static void ack(void **state)
{
	const struct row *row = *state;
	struct frame_spec f = row->frame;
	struct frame_reply reply;

	f.flags = FRAME_ACK;
	f.ack = 0x12345678;
	run_reset();
	run_listen((struct run_listener){});
	run_answer(&usual, &reply);
	if (!row->want || row->want == SW_SYN_BAD_SOURCE)
		run_wants(&f, SW_ACK_BAD); /* whoever sent it */
	else
		run_wants(&f, row->want);
}

/* ---- addresses come and go ---- */

struct guest {
	const char *name, *prefix, *dev;
	struct frame_spec frame;
};

static const struct guest guests[] = {
	{ "an address of the interface is ours while it is there",
	  "192.0.2.50/24",
	  RUN_DEV,
	  { .dst = "192.0.2.50" } },
	{ "an address of lo is ours while it is there",
	  "198.18.0.1/32",
	  "lo",
	  { .dst = "198.18.0.1" } },
	{ "an IPv6 address is ours while it is there",
	  "2001:db8::50/64",
	  RUN_DEV,
	  { .ip6 = true, .dst = "2001:db8::50" } },
	{ "an IPv6 address of lo is ours while it is there",
	  "2001:db8:6::1/128",
	  "lo",
	  { .ip6 = true, .dst = "2001:db8:6::1" } },
	{ "an address of a point-to-point link is the near one",
	  "198.18.1.1 peer 198.18.1.2",
	  RUN_DEV,
	  { .dst = "198.18.1.1" } },
};

static void change(const char *verb, const struct guest *g)
{
	char command[128];

	snprintf(command, sizeof(command), "addr %s %s dev %s", verb, g->prefix,
		 g->dev);
	run_ip(command);
	run_clock_add(TICK_NS);
}

static void comes_and_goes(void **state)
{
	const struct guest *g = *state;
	struct frame_spec f = g->frame;

	f.flags = FRAME_SYN;
	run_reset();
	run_listen((struct run_listener){});
	run_wants(&f, SW_FOREIGN_ADDRESS);
	change("add", g);
	run_wants(&f, SW_SYN_ANSWERED);
	change("del", g);
	run_wants(&f, SW_FOREIGN_ADDRESS);
}

static void far_end_is_not_ours(void **state)
{
	static const struct guest link = {
		.prefix = "198.18.1.1 peer 198.18.1.2", .dev = RUN_DEV
	};
	struct frame_spec f = { .flags = FRAME_SYN, .dst = "198.18.1.2" };

	(void)state;
	run_reset();
	run_listen((struct run_listener){});
	change("add", &link);
	run_wants(&f, SW_FOREIGN_ADDRESS);
	change("del", &link);
}

/* As many as the set of SW_LOCAL_SLOTS must hold without a miss. */
static void many_addresses(void **state)
{
	struct frame_spec f = { .flags = FRAME_SYN };
	char address[32];
	FILE *batch;

	(void)state;
	run_reset();
	run_listen((struct run_listener){});
	batch = popen("ip -batch -", "w");
	for (int i = 1; i <= 250; i++)
		fprintf(batch, "addr add 198.18.7.%d/32 dev lo\n", i);
	assert_int_equal(pclose(batch), 0);
	run_clock_add(TICK_NS);
	for (int i = 1; i <= 250; i++) {
		snprintf(address, sizeof(address), "198.18.7.%d", i);
		f.dst = address;
		run_wants(&f, SW_SYN_ANSWERED);
	}
	batch = popen("ip -batch -", "w");
	for (int i = 1; i <= 250; i++)
		fprintf(batch, "addr del 198.18.7.%d/32 dev lo\n", i);
	assert_int_equal(pclose(batch), 0);
}

int main(void)
{
	static struct table t;
	int failed;

	run_open();
	run_ip("addr add 203.0.113.200/32 dev lo");
	run_ip("addr add 2001:db8:5::1/128 dev lo");
	table_rows(&t, rows, syn);
	table_rows(&t, rows, ack);
	table_rows(&t, guests, comes_and_goes);
	table_case(&t, "the far end of a point-to-point link is not ours",
		   far_end_is_not_ours, NULL);
	table_case(&t, "250 addresses are all found", many_addresses, NULL);
	failed = table_run(&t, "local");
	run_close();
	return failed;
}
