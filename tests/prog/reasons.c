/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every XDP reason, by a packet that leaves for it, and a last test that none
 * was forgotten: one program, and so a long one. The sentences say what was sent
 * and what became of it; run_frame() holds the frame's fate against the reason.
 */
#include "run.h"

#define MPTCP 262 /* IPPROTO_MPTCP */

static const unsigned char md5_option[18] = { 19, 18 };
static const unsigned char ao_option[16] = { 29, 16 };
static const unsigned char seven_headers[7] = { 0, 60, 60, 60, 60, 60, 60 };
static const unsigned char routing[1] = { 43 };
static const unsigned char fragment[1] = { 44 };

static const struct frame_spec syn = { .flags = FRAME_SYN };

struct row {
	const char *name;
	void (*given)(void); /* after a default listener, or instead */
	struct frame_spec frame;
	enum sw_reason want;
};

static void nobody(void)
{
}

static void listener(void)
{
	run_listen((struct run_listener){});
}

/* A service that has issued cookies, so that its segments are examined. */
static void busy(void)
{
	struct frame_reply reply;

	listener();
	run_answer(&(struct frame_spec){ .flags = FRAME_SYN, .sport = 9 },
		   &reply);
}

static void off(void)
{
	listener();
	run_mode(SW_MODE_OFF);
}

static void draining(void)
{
	listener();
	run_drain();
}

static void calm(void)
{
	listener();
	run_mode(SW_MODE_ADAPTIVE);
}

static void listed_only(void)
{
	listener();
	run_config.listed_only = 1;
	run_configure();
}

static void half_open_here(void)
{
	listener();
	run_request(&syn);
}

static void busy_half_open_here(void)
{
	busy();
	run_request(&syn);
}

static void busy_closed(void)
{
	struct frame_reply reply;
	int fd = run_listen((struct run_listener){});

	run_answer(&syn, &reply);
	run_unlisten(fd);
}

static void mptcp(void)
{
	run_listen((struct run_listener){ .protocol = MPTCP });
}

static void signs(void)
{
	run_listen((struct run_listener){ .md5 = true });
}

static void accept_full(void)
{
	run_fill_accept(run_listen((struct run_listener){ .backlog = -1 }), 1);
}

/* Observe decides as adaptive does: the queue must fill first. */
static int observed_filling(void)
{
	int fd = run_listen((struct run_listener){ .backlog = 2 });

	run_half_open(1);
	run_mode(SW_MODE_OBSERVE);
	return fd;
}

static void observed(void)
{
	observed_filling();
}

static void observed_accept_full(void)
{
	run_fill_accept(observed_filling(), 3);
}

static void observed_busy(void)
{
	busy();
	run_mode(SW_MODE_OBSERVE);
}

/* clang-format off */
static const struct row rows[] = {
	{ "ARP is not TCP", listener, { .ethertype = 0x0806 }, SW_NOT_TCP },
	{ "UDP is not TCP", listener, { .ip_protocol = 17 }, SW_NOT_TCP },
	{ "an IPv4 header of 16 bytes is malformed", listener,
	  { .flags = FRAME_SYN, .ihl = 4 }, SW_MALFORMED },
	{ "a TCP header of 16 bytes is malformed", listener,
	  { .flags = FRAME_SYN, .doff = 4 }, SW_MALFORMED },
	{ "a TCP header longer than its packet is malformed", listener,
	  { .flags = FRAME_SYN, .doff = 15 }, SW_MALFORMED },
	{ "an IP packet longer than its frame is malformed", listener,
	  { .flags = FRAME_SYN, .ip_len_add = 1 }, SW_MALFORMED },
	{ "an IPv6 packet longer than its frame is malformed", listener,
	  { .ip6 = true, .flags = FRAME_SYN, .ip_len_add = 1 }, SW_MALFORMED },
	{ "IP version 5 in IPv4 is malformed", listener,
	  { .flags = FRAME_SYN, .ip_version = 5 }, SW_MALFORMED },
	{ "two VLAN tags pass", listener,
	  { .flags = FRAME_SYN, .vlan_tags = 2 }, SW_VLAN_STACKED },
	{ "an 802.1ad tag alone passes", listener,
	  { .flags = FRAME_SYN, .vlan_tags = 1, .vlan_proto = 0x88a8 },
	  SW_VLAN_STACKED },
	{ "a first fragment passes", listener,
	  { .flags = FRAME_SYN, .frag_off = 0x2000 }, SW_FRAGMENT },
	{ "a last fragment passes", listener,
	  { .flags = FRAME_SYN, .frag_off = 185 }, SW_FRAGMENT },
	{ "an IPv6 first fragment passes", listener,
	  { .ip6 = true, .flags = FRAME_SYN, .ip6_headers = fragment,
	    .ip6_header_count = 1, .frag_off = 1 }, SW_FRAGMENT },
	{ "an IPv6 last fragment passes", listener,
	  { .ip6 = true, .flags = FRAME_SYN, .ip6_headers = fragment,
	    .ip6_header_count = 1, .frag_off = 185 << 3 }, SW_FRAGMENT },
	{ "seven extension headers are past the bound", listener, { .ip6 = true,
	  .flags = FRAME_SYN, .ip6_headers = seven_headers,
	  .ip6_header_count = 7 }, SW_IP6_CHAIN },
	{ "a routing header with hops to go passes", listener, { .ip6 = true,
	  .flags = FRAME_SYN, .ip6_headers = routing, .ip6_header_count = 1,
	  .ip6_segments_left = 1 }, SW_IP6_CHAIN },
	{ "a port that is not listed is not protected", listed_only,
	  { .flags = FRAME_SYN }, SW_PORT_UNPROTECTED },
	{ "nor is it from a SYN with FIN", listed_only,
	  { .flags = FRAME_SYN | FRAME_FIN }, SW_PORT_UNPROTECTED },
	{ "an ACK to a service without cookies is not looked at", listener,
	  { .flags = FRAME_ACK }, SW_SERVICE_IDLE },
	{ "a RST is not examined", busy, { .flags = FRAME_RST },
	  SW_NOT_EXAMINED },
	{ "a RST with ACK is not examined", busy,
	  { .flags = FRAME_RST | FRAME_ACK }, SW_NOT_EXAMINED },
	{ "a SYN-ACK is not examined", busy, { .flags = FRAME_SYN | FRAME_ACK },
	  SW_NOT_EXAMINED },
	{ "a segment without flags is not examined", busy, {},
	  SW_NOT_EXAMINED },
	{ "a FIN without ACK is not examined", busy, { .flags = FRAME_FIN },
	  SW_NOT_EXAMINED },
	{ "SYN with FIN passes", listener, { .flags = FRAME_SYN | FRAME_FIN },
	  SW_SYN_BAD_FLAGS },
	{ "SYN with RST passes", listener, { .flags = FRAME_SYN | FRAME_RST },
	  SW_SYN_BAD_FLAGS },
	{ "mode off: a SYN passes", off, { .flags = FRAME_SYN }, SW_SYN_OFF },
	{ "a draining interface lets a SYN pass", draining,
	  { .flags = FRAME_SYN }, SW_SYN_OFF },
	{ "a SYN that is half open already is the kernel's", half_open_here,
	  { .flags = FRAME_SYN }, SW_SYN_HAS_SOCKET },
	{ "a SYN to a closed port passes", nobody, { .flags = FRAME_SYN },
	  SW_SYN_NO_LISTENER },
	{ "a SYN to an MPTCP listener passes", mptcp, { .flags = FRAME_SYN },
	  SW_SYN_MPTCP },
	{ "a signed SYN to a listener with keys passes", signs,
	  { .flags = FRAME_SYN, FRAME_OPTIONS(md5_option) }, SW_SYN_SIGNED },
	{ "a SYN with TCP-AO to a listener with keys passes", signs,
	  { .flags = FRAME_SYN, FRAME_OPTIONS(ao_option) }, SW_SYN_SIGNED },
	{ "adaptive, empty queue: a SYN passes", calm, { .flags = FRAME_SYN },
	  SW_SYN_CALM },
	{ "a SYN to a foreign station passes", listener,
	  { .flags = FRAME_SYN, .dst_mac = { 2, 0, 0, 0, 0, 9 } },
	  SW_FOREIGN_MAC },
	{ "a SYN to a foreign address passes", listener,
	  { .flags = FRAME_SYN, .dst = "192.0.2.9" }, SW_FOREIGN_ADDRESS },
	{ "a SYN from multicast is dropped", listener,
	  { .flags = FRAME_SYN, .src = "224.0.0.1" }, SW_SYN_BAD_SOURCE },
	{ "an ACK of a half-open request is the kernel's", busy_half_open_here,
	  { .flags = FRAME_ACK }, SW_ACK_HAS_SOCKET },
	{ "an ACK to a port that has closed passes", busy_closed,
	  { .flags = FRAME_ACK }, SW_ACK_NO_LISTENER },
	{ "a SYN is answered", listener, { .flags = FRAME_SYN },
	  SW_SYN_ANSWERED },
	{ "a SYN while the accept queue is full is dropped", accept_full,
	  { .flags = FRAME_SYN }, SW_SYN_ACCEPT_FULL },
	{ "a signed SYN to a listener without keys is dropped", listener,
	  { .flags = FRAME_SYN, FRAME_OPTIONS(md5_option) },
	  SW_SYN_UNSIGNABLE },
	{ "a forged ACK is dropped", busy,
	  { .flags = FRAME_ACK, .ack = 0xdeadbeef }, SW_ACK_BAD },
	{ "observe: a SYN would have been answered", observed,
	  { .flags = FRAME_SYN }, SW_WOULD_SYN_ANSWERED },
	{ "observe: a SYN from multicast would have been dropped", observed,
	  { .flags = FRAME_SYN, .src = "224.0.0.1" }, SW_WOULD_SYN_BAD_SOURCE },
	{ "observe: accept queue full, would have been dropped",
	  observed_accept_full, { .flags = FRAME_SYN },
	  SW_WOULD_SYN_ACCEPT_FULL },
	{ "observe: signed for nobody, would have been dropped", observed,
	  { .flags = FRAME_SYN, FRAME_OPTIONS(md5_option) },
	  SW_WOULD_SYN_UNSIGNABLE },
	{ "observe: a forged ACK would have been dropped", observed_busy,
	  { .flags = FRAME_ACK, .ack = 0xdeadbeef }, SW_WOULD_ACK_BAD },
};
/* clang-format on */

static void leaves_for_its_reason(void **state)
{
	const struct row *row = *state;

	run_reset();
	row->given();
	run_wants(&row->frame, row->want);
}

/* ---- reasons that take a handshake ---- */

struct stale {
	const char *name;
	enum sw_mode mode;
	enum sw_reason want, again;
};

/* clang-format off */
static const struct stale stales[] = {
	{ "two epochs on a cookie is old, and once a tick we look",
	  SW_MODE_ALWAYS, SW_ACK_OLD, SW_ACK_BAD },
	{ "observe: two epochs on a cookie is old", SW_MODE_OBSERVE,
	  SW_WOULD_ACK_OLD, SW_WOULD_ACK_BAD },
};
/* clang-format on */

/* Both packets within one tick, or it is tried again. */
static bool within_a_tick(const struct frame_spec *spec, struct run *first,
			  struct run *second)
{
	__u64 tick = run_tick();

	run_spec(spec, first);
	run_spec(spec, second);
	return run_now() - run_config.clock_offset_ns == tick;
}

static void is_old_once_a_tick(void **state)
{
	const struct stale *row = *state;
	struct run first, second;
	struct run_shake s;
	int tries = 0;

	run_reset();
	listener();
	run_shake(&syn, &s);
	run_clock_add(2ULL << SW_EPOCH_SHIFT);
	run_mode(row->mode);
	while (!within_a_tick(&s.ack, &first, &second))
		assert_int_not_equal(++tries, 1000);
	assert_string_equal(run_reason_name(first.reason),
			    run_reason_name(row->want));
	assert_string_equal(run_reason_name(second.reason),
			    run_reason_name(row->again));
}

/* "A moment" is 20 ms: slower machines get another try. */
#define MOMENT_NS 20000000

/* Fails unless the segment, right behind a valid ACK, leaves for want. */
static void right_behind(void (*change)(struct frame_spec *),
			 enum sw_reason want)
{
	struct run_shake s;
	struct run run;
	int tries = 0;
	__u64 begin;

	do {
		assert_int_not_equal(++tries, 1000);
		run_reset();
		listener();
		run_shake(&syn, &s);
		begin = run_now();
		run_wants(&s.ack, SW_ACK_VALID);
		change(&s.ack);
		run_spec(&s.ack, &run);
	} while (run_now() - begin > MOMENT_NS);
	assert_string_equal(run_reason_name(run.reason), run_reason_name(want));
}

static void more_data(struct frame_spec *ack)
{
	ack->seq += 100;
	ack->payload = 100;
}

/* These find the same slot: it is of the ACK's and the port's low bits. */
static void other_ack(struct frame_spec *ack)
{
	ack->ack += SW_VALIDATED_SLOTS;
}

static void other_source(struct frame_spec *ack)
{
	ack->src = "198.51.100.8";
}

static void other_port(struct frame_spec *ack)
{
	ack->sport = 40000 + SW_VALIDATED_SLOTS;
}

static const struct behind {
	const char *name;
	void (*change)(struct frame_spec *ack);
	enum sw_reason want;
} behinds[] = {
	{ "data right behind a valid ACK follows it", more_data,
	  SW_ACK_FOLLOWS },
	{ "another ACK number does not follow", other_ack, SW_ACK_BAD },
	{ "another source does not follow", other_source, SW_ACK_BAD },
	{ "another port does not follow", other_port, SW_ACK_BAD },
};

static void follows_or_not(void **state)
{
	const struct behind *row = *state;

	right_behind(row->change, row->want);
}

static void no_socket_while_accept_is_full(void **state)
{
	int fd;
	struct run_shake s;

	(void)state;
	run_reset();
	fd = run_listen((struct run_listener){ .backlog = -1 });
	run_shake(&syn, &s);
	run_fill_accept(fd, 1);
	run_wants(&s.ack, SW_ACK_ACCEPT_FULL);
	run_mode(SW_MODE_OBSERVE);
	run_wants(&s.ack, SW_ACK_ACCEPT_FULL);
}

/* The client's handshake with the kernel, as the kernel answers when its queue
 * overflows; and then a cookie of ours, so that the service is not idle. */
static void kernels_cookie(const struct frame_spec *client, struct run_shake *s)
{
	run_reset();
	run_sysctl("ipv4/tcp_syncookies", "2");
	listener();
	run_wire(client);
	run_wire_reply(client, &s->synack);
	run_shake_ack(client, s);
	run_wants(&syn, SW_SYN_ANSWERED);
}

static void kernels_cookie_is_the_kernels(void **state)
{
	struct frame_spec client = { .flags = FRAME_SYN,
				     .sport = 30000,
				     FRAME_OPTIONS(frame_options_linux) };
	struct run_shake s;

	(void)state;
	kernels_cookie(&client, &s);
	run_wants(&s.ack, SW_ACK_KERNEL_COOKIE);
	s.ack.ack++;
	run_wants(&s.ack, SW_ACK_BAD);
}

static void kernels_cookie6_is_the_kernels(void **state)
{
	struct frame_spec client = { .ip6 = true,
				     .flags = FRAME_SYN,
				     .sport = 30000,
				     FRAME_OPTIONS(frame_options_linux) };
	struct run_shake s;

	(void)state;
	kernels_cookie(&client, &s);
	run_wants(&s.ack, SW_ACK_KERNEL_COOKIE);
}

/* ---- a cookie opens once ---- */

static void opens_once(void **state)
{
	struct run_shake s;

	(void)state;
	run_reset();
	listener();
	run_shake(&syn, &s);
	run_consume(&s.ack);
	run_wants(&s.ack, SW_ACK_REPLAYED);
	s.ack.payload = 100;
	run_wants(&s.ack, SW_ACK_REPLAYED);
	run_mode(SW_MODE_OFF);
	run_wants(&s.ack, SW_WOULD_ACK_REPLAYED);
}

/* ---- the kernel has begun a handshake with the same SYN ---- */

static void begun_by_both(const struct frame_spec *client, struct run_shake *s)
{
	run_reset();
	listener();
	run_shake(client, s);
	run_mode(SW_MODE_OFF);
	run_request(client);
}

static void kernels_request_ends(void **state)
{
	const struct frame_spec *client = *state;
	struct frame_reply reply;
	struct run_shake s;
	struct run run;

	begun_by_both(client, &s);
	run_spec(&s.ack, &run);
	assert_int_equal(run.reason, SW_ACK_ENDS_REQUEST);
	assert_true(frame_read(run.out.data, run.out.len, &reply));
	assert_int_equal(reply.flags, FRAME_RST);
	assert_int_equal(reply.seq, client->seq + 1);
	assert_int_equal(reply.options_len, 0);
}

static void kernels_own_goes_on(void **state)
{
	struct frame_spec client = syn;
	struct run_shake s, kernels;

	(void)state;
	client.sport = 40002;
	begun_by_both(&client, &s);
	run_wire_reply(&client, &kernels.synack);
	run_shake_ack(&client, &kernels);
	run_wants(&kernels.ack, SW_ACK_HAS_SOCKET);
	s.ack.ack++; /* nobody's */
	run_wants(&s.ack, SW_ACK_HAS_SOCKET);
	s.ack.ack--;
	s.ack.seq--; /* not of this SYN */
	run_wants(&s.ack, SW_ACK_HAS_SOCKET);
	s.ack.seq += 1 + (1 << 20) + 1; /* nor of its flight */
	run_wants(&s.ack, SW_ACK_HAS_SOCKET);
}

static void what_follows_waits(void **state)
{
	struct frame_spec client = syn;
	struct run_shake s;

	(void)state;
	client.sport = 40006;
	begun_by_both(&client, &s);
	s.ack.seq += 1400;
	s.ack.payload = 100;
	run_wants(&s.ack, SW_ACK_BEHIND_REQUEST);
	s.ack.ack++; /* nobody's */
	run_wants(&s.ack, SW_ACK_HAS_SOCKET);
}

/* The tuple is used again, by a new SYN; then a segment of the old one comes. */
static void a_new_syn_is_not_ended(void **state)
{
	struct frame_spec client = syn, again;
	struct run_shake s;

	(void)state;
	client.sport = 40005;
	again = client;
	again.seq += 100000;
	run_reset();
	listener();
	run_shake(&client, &s);
	run_mode(SW_MODE_OFF);
	run_request(&again);
	run_wants(&s.ack, SW_ACK_HAS_SOCKET);
}

static const struct frame_spec client4 = { .flags = FRAME_SYN,
					   .sport = 40003,
					   .seq = 77,
					   FRAME_OPTIONS(frame_options_linux) };
static const struct frame_spec client6 = { .ip6 = true,
					   .flags = FRAME_SYN,
					   .sport = 40004,
					   FRAME_OPTIONS(
						   frame_options_windows) };

/* ---- netfilter ---- */

static void nft(const char *command)
{
	char line[200];

	snprintf(line, sizeof(line), "nft '%s'", command);
	assert_int_equal(system(line), 0);
}

static void nat_is_asked(void **state)
{
	struct frame_spec syn6 = syn;

	(void)state;
	syn6.ip6 = true;
	run_reset();
	listener();
	nft("add table ip nat");
	nft("add chain ip nat in "
	    "{ type nat hook prerouting priority dstnat; }");
	run_clock_add(RUN_SECOND_NS); /* looked at once a tick */
	run_wants(&syn, SW_SYN_NAT);
	run_wants(&syn6, SW_SYN_ANSWERED);
	run_config.despite_nat = 1;
	run_configure();
	run_wants(&syn, SW_SYN_ANSWERED);
	run_config.despite_nat = 0;
	run_configure();
	run_sysctl("netfilter/nf_conntrack_tcp_loose", "0");
	run_clock_add(RUN_SECOND_NS);
	run_wants(&syn, SW_SYN_ANSWERED);
	run_sysctl("netfilter/nf_conntrack_tcp_loose", "1");
	run_clock_add(RUN_SECOND_NS);
	run_wants(&syn, SW_SYN_NAT);
	nft("delete table ip nat");
	run_clock_add(RUN_SECOND_NS);
	run_wants(&syn, SW_SYN_ANSWERED);
}

/* Other hooks at the same place are none. */
static void a_filter_is_no_nat(void **state)
{
	(void)state;
	run_reset();
	listener();
	nft("add table inet filter");
	nft("add chain inet filter in { type filter hook input priority 0; }");
	nft("add chain inet filter as { type filter hook input priority 100; "
	    "}");
	run_clock_add(RUN_SECOND_NS);
	run_wants(&syn, SW_SYN_ANSWERED);
	nft("delete table inet filter");
}

/* ---- and none forgotten ---- */

/* What no TEST_RUN can bring about, and why. */
static const enum sw_reason unreachable[] = {
	/* a SYN-ACK of 98 bytes always fits into TEST_RUN's page */
	SW_SYN_NO_ROOM,
	SW_WOULD_SYN_NO_ROOM,
};

static bool reachable(enum sw_reason reason)
{
	for (size_t i = 0; i < ARRAY_LEN(unreachable); i++)
		if (unreachable[i] == reason)
			return false;
	return true;
}

static void every_xdp_reason_was_hit(void **state)
{
	int missing = 0;

	(void)state;
	for (int r = SW_GO_ON + 1; r < SW_TC_UNMARKED; r++) {
		if (run_was_hit(r) == reachable(r))
			continue;
		print_error("%s: %s\n", run_reason_name(r),
			    reachable(r) ? "no case leaves for it" :
					   "is reachable after all");
		missing++;
	}
	assert_int_equal(missing, 0);
}

int main(void)
{
	static struct table t;
	int failed;

	run_open();
	table_rows(&t, rows, leaves_for_its_reason);
	table_rows(&t, stales, is_old_once_a_tick);
	table_rows(&t, behinds, follows_or_not);
	table_case(&t, "no socket is made while the accept queue is full",
		   no_socket_while_accept_is_full, NULL);
	table_case(&t, "an ACK of the kernel's cookie is the kernel's",
		   kernels_cookie_is_the_kernels, NULL);
	table_case(&t, "an ACK of the kernel's IPv6 cookie is the kernel's",
		   kernels_cookie6_is_the_kernels, NULL);
	table_case(&t, "a cookie that became a connection opens no second one",
		   opens_once, NULL);
	table_case(&t, "an ACK of our cookie ends the kernel's own request",
		   kernels_request_ends, &client4);
	table_case(&t, "an ACK of our IPv6 cookie ends the kernel's request",
		   kernels_request_ends, &client6);
	table_case(&t, "what follows an ACK on the kernel's request waits",
		   what_follows_waits, NULL);
	table_case(&t, "a late segment does not end the request of a new SYN",
		   a_new_syn_is_not_ended, NULL);
	table_case(&t, "any other ACK on the kernel's request is the kernel's",
		   kernels_own_goes_on, NULL);
	table_case(&t, "netfilter's NAT is asked at each tick", nat_is_asked,
		   NULL);
	table_case(&t, "a filter at the same hook is no NAT",
		   a_filter_is_no_nat, NULL);
	table_case(&t, "every XDP reason was hit", every_xdp_reason_was_hit,
		   NULL);
	failed = table_run(&t, "reasons");
	run_close();
	return failed;
}
