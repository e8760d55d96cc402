/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What packets of one tick of the clock remember of each other, and what they
 * must not: each case is a few packets while the clock stands still.
 */
#include "run.h"

#include <arpa/inet.h>
#include <stdio.h>

static const struct frame_spec syn = { .flags = FRAME_SYN,
				       FRAME_OPTIONS(frame_options_linux) };

static void begin(void)
{
	run_reset();
	run_listen((struct run_listener){});
	run_clock_stop();
}

/* ---- the destination ---- */

struct pair {
	const char *name;
	struct frame_spec frame; /* right after one that is for us */
	enum sw_reason want;
};

/* clang-format off */
static const struct pair pairs[] = {
	{ "an IPv6 address with the bits of our IPv4 address is not ours",
	  { .ip6 = true, .dst = "c000:201::" }, SW_FOREIGN_ADDRESS },
	{ "a neighbour's address, right after ours", { .dst = "192.0.2.9" },
	  SW_FOREIGN_ADDRESS },
	{ "a foreign station's frame, right after ours",
	  { .dst_mac = { 2, 0, 0, 0, 0, 9 } }, SW_FOREIGN_MAC },
	{ "our IPv6 address, right after our IPv4 address", { .ip6 = true },
	  SW_SYN_ANSWERED },
};
/* clang-format on */

static void tells_apart(void **state)
{
	const struct pair *pair = *state;
	struct frame_spec other = pair->frame;

	other.flags = FRAME_SYN;
	begin();
	run_wants(&syn, SW_SYN_ANSWERED);
	run_wants(&other, pair->want);
	run_wants(&syn, SW_SYN_ANSWERED);
	run_wants(&other, pair->want);
}

/* Foreign addresses that find the slot of ours, by the hash of moment.h. */
static unsigned int slot_of(const char *address)
{
	return (inet_addr(address) ^ htons(RUN_PORT)) * 0x9e3779b1U >> 22;
}

static bool shares_slot(char *ret_address, size_t size, unsigned int *i)
{
	while ((*i)++ < 0x1ffff) {
		snprintf(ret_address, size, "198.%u.%u.%u", 18 + (*i >> 16),
			 *i >> 8 & 255, *i & 255);
		if (slot_of(ret_address) == slot_of("192.0.2.1"))
			return true;
	}
	return false;
}

static void slots_are_shared(void **state)
{
	struct frame_spec foreign = syn;
	char address[16];
	unsigned int i = 0;

	(void)state;
	foreign.dst = address;
	begin();
	for (int n = 0; n < 8; n++) {
		assert_true(shares_slot(address, sizeof(address), &i));
		run_wants(&syn, SW_SYN_ANSWERED);
		run_wants(&foreign, SW_FOREIGN_ADDRESS);
	}
}

/* ---- the listener ---- */

static void listener_is_replaced(void **state)
{
	struct frame_reply reply;
	int fd;

	(void)state;
	run_reset();
	fd = run_listen(
		(struct run_listener){ .maxseg = 1000, .rcvbuf = 4096 });
	run_clock_stop();
	run_answer(&syn, &reply);
	assert_int_equal(reply.mss, 1000);
	assert_int_equal(reply.wscale, 0);
	run_unlisten(fd);
	run_wants(&syn, SW_SYN_NO_LISTENER);
	run_listen((struct run_listener){});
	run_answer(&syn, &reply);
	assert_int_equal(reply.mss, 1460);
	assert_int_not_equal(reply.wscale, 0);
}

static void clients_of_two_sizes(void **state)
{
	static const unsigned char mss_536[4] = { 2, 4, 2, 0x18 };
	struct frame_spec small = { .flags = FRAME_SYN,
				    FRAME_OPTIONS(mss_536) };
	struct frame_reply reply;

	(void)state;
	run_reset();
	run_listen((struct run_listener){ .rcvbuf = 4096 });
	run_clock_stop();
	for (int i = 0; i < 2; i++) {
		run_answer(&syn, &reply);
		assert_int_equal(reply.window, 2920);
		run_answer(&small, &reply);
		assert_int_equal(reply.window, 3752);
	}
}

static void handshake_in_one_tick(void **state)
{
	struct run_shake s;

	(void)state;
	begin();
	run_shake(&syn, &s);
	run_wants(&s.ack, SW_ACK_VALID);
	run_wants(&s.ack, SW_ACK_FOLLOWS);
	run_wants(&syn, SW_SYN_ANSWERED);
}

/* ---- the gate ---- */

static void pressed_for_a_tick(void **state)
{
	(void)state;
	run_reset();
	run_listen((struct run_listener){});
	run_half_open(4);
	run_mode(SW_MODE_ADAPTIVE);
	run_clock_stop();
	run_wants(&syn, SW_SYN_ANSWERED);
	run_half_open_less(4);
	run_wants(&syn, SW_SYN_ANSWERED);
	run_clock_go();
	run_wants(&syn, SW_SYN_ANSWERED); /* held for 5 s */
	run_clock_add(6 * RUN_SECOND_NS);
	run_wants(&syn, SW_SYN_CALM);
}

static void closes_within_a_tick(void **state)
{
	(void)state;
	begin();
	run_mode(SW_MODE_ADAPTIVE);
	for (int i = 0; i < 4; i++)
		run_wants(&syn, SW_SYN_CALM);
	run_wants(&syn, SW_SYN_ANSWERED);
	run_wants(&syn, SW_SYN_ANSWERED);
}

static void pressed_is_one_listeners(void **state)
{
	struct frame_spec other = syn;

	(void)state;
	other.dst = "192.0.2.2";
	run_reset();
	run_listen((struct run_listener){ .address = "192.0.2.1" });
	run_listen((struct run_listener){ .address = "192.0.2.2" });
	run_half_open(4);
	run_mode(SW_MODE_ADAPTIVE);
	run_clock_stop();
	run_wants(&syn, SW_SYN_ANSWERED);
	run_wants(&other, SW_SYN_CALM);
}

int main(void)
{
	static struct table t;
	int failed;

	run_open();
	table_rows(&t, pairs, tells_apart);
	table_case(&t, "foreign addresses in the slot of ours are not ours",
		   slots_are_shared, NULL);
	table_case(&t, "a listener that is replaced in the same tick",
		   listener_is_replaced, NULL);
	table_case(&t, "clients of two segment sizes get each their window",
		   clients_of_two_sizes, NULL);
	table_case(&t, "SYN, ACK and what follows in one tick",
		   handshake_in_one_tick, NULL);
	table_case(&t, "a gate that closed stays so, in its tick and after",
		   pressed_for_a_tick, NULL);
	table_case(&t, "a gate closes within a tick", closes_within_a_tick,
		   NULL);
	table_case(&t, "a gate that closed is one listener's",
		   pressed_is_one_listeners, NULL);
	failed = table_run(&t, "moment");
	run_close();
	return failed;
}
