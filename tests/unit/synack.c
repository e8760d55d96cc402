/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bpf/synack.h: the SYN-ACK on the wire. A SYN made of bytes goes through
 * parse, options, cookie and writer; the answer is read by frame.c, and the
 * client's ACK to it, made of bytes again, must restore what it advertised.
 */
#include "frame.h"
#include "synack.h"
#include "unit.h"

#include <stdio.h>

#define NOW (1750000000ULL * 1000000000)
#define OUR_MSS 1400
#define OUR_WINDOW 28960
#define OUR_WSCALE 9
#define CLIENT_ISN 0xfffffffe /* its successor's successor is 0 */
#define FLAGS_AT(ip6) (14 + ((ip6) ? 40 : 20) + 13)

static const struct sw_keyring keys = {
	.key = { { 0x0706050403020100, 0x0f0e0d0c0b0a0908 } },
	.made_ns = { 1 },
};

static const unsigned char six[] = { 0, 60, 60, 60, 60, 60 };

/* What comes in, but for its TCP options. */
struct arrival {
	const char *name;
	struct frame_spec spec;
};

/* clang-format off */
static const struct arrival arrivals[] = {
	{ "IPv4", { .ip6 = false } },
	{ "IPv6", { .ip6 = true } },
	{ "IPv4 in a VLAN tag", { .vlan_tags = 1, .vlan_id = 0xe123 } },
	{ "IPv6 in a VLAN tag", { .ip6 = true, .vlan_tags = 1 } },
	{ "IPv4 with IP options, payload and padding",
	  { .ip_options_len = 40, .payload = 33, .pad_to = 200 } },
	{ "IPv6 with six extension headers and payload",
	  { .ip6 = true, .ip6_headers = six, .ip6_header_count = 6,
	    .payload = 33 } },
	{ "IPv4 with other addresses, ports and MACs",
	  { .src = "255.255.255.254", .dst = "1.0.0.0", .sport = 65535,
	    .dport = 1, .src_mac = { 0, 1, 2, 3, 4, 5 },
	    .dst_mac = { 0xfc, 0xfd, 0xfe, 0xff, 0, 1 } } },
	{ "IPv6 with other addresses, ports and MACs",
	  { .ip6 = true, .src = "ff0e:dcba:9876:5432:1:2:3:4", .dst = "::1",
	    .sport = 1, .dport = 65535, .src_mac = { 0, 1, 2, 3, 4, 5 },
	    .dst_mac = { 0xfc, 0xfd, 0xfe, 0xff, 0, 1 } } },
};
/* clang-format on */

/* A client's offer; the cases are all of them. */
struct offer {
	int mss;    /* 0 = not sent */
	int wscale; /* -1 = not sent */
	bool sack, timestamps, ecn;
};

static const int mss_values[] = { 0, 536, 1220, 1460, 65495 };

static void each_offer(const struct arrival *a,
		       void (*run)(const struct arrival *,
				   const struct offer *))
{
	for (size_t m = 0; m < ARRAY_LEN(mss_values); m++)
		for (int wscale = -1; wscale <= 14; wscale++)
			for (int bits = 0; bits < 8; bits++) {
				struct offer o = { mss_values[m], wscale,
						   bits & 1, bits & 2,
						   bits & 4 };

				run(a, &o);
			}
}

static unsigned int options_of(const struct offer *o, unsigned char *b)
{
	unsigned int n = 0;

	if (o->timestamps) {
		frame_timestamps(b, FRAME_TSVAL, 0);
		n += 12;
	}
	if (o->wscale >= 0) {
		memcpy(b + n, (unsigned char[]){ 1, 3, 3, o->wscale }, 4);
		n += 4;
	}
	if (o->sack) {
		memcpy(b + n, (unsigned char[]){ 4, 2 }, 2);
		n += 2;
	}
	if (o->mss) {
		memcpy(b + n,
		       (unsigned char[]){ 2, 4, o->mss >> 8, o->mss & 255 }, 4);
		n += 4;
	}
	return n;
}

/* One SYN and all that is needed to answer it. */
struct answer {
	struct frame syn;
	struct packet p;
	struct synack s;
	struct synack_options options;
	unsigned int len; /* of the SYN-ACK's frame */
};

static void answer_prepare(struct answer *a, const struct arrival *arrival,
			   const struct offer *offer)
{
	struct frame_spec spec = arrival->spec;
	unsigned char bytes[40];
	struct tcpopt opt;

	*a = (struct answer){ .s = { .mss = OUR_MSS,
				     .window = OUR_WINDOW,
				     .wscale = OUR_WSCALE } };
	spec.options = bytes;
	spec.options_len = options_of(offer, bytes);
	spec.seq = CLIENT_ISN;
	spec.flags = FRAME_SYN;
	frame_build(&a->syn, &spec);
	assert_int_equal(packet_parse(a->syn.data, a->syn.data + a->syn.len,
				      &a->p),
			 SW_GO_ON);
	assert_true(tcpopt_parse(&a->p, a->syn.data, a->syn.data + a->syn.len,
				 &opt));
	a->s.client = (struct cookie_options){ .mss = opt.mss,
					       .wscale = opt.wscale,
					       .sack = opt.sack,
					       .ecn = offer->ecn,
					       .timestamps = opt.timestamps };
	a->s.tsecr = opt.tsval;
	cookie_make(&keys, &a->p, NOW, &a->s.client, &a->s.cookie);
	synack_options(&a->s, &a->options);
	a->len = a->p.l2_len + synack_len(&a->p, &a->options);
}

/* The SYN's frame resized to len, in a heap block of its own. */
static unsigned char *answer_room(const struct answer *a, unsigned int len)
{
	struct frame f = a->syn;

	memset(f.data + f.len, 0x55, sizeof(f.data) - f.len);
	return exact_copy(f.data, len);
}

static bool answer_write(const struct answer *a, unsigned char *data,
			 unsigned int len)
{
	return synack_write(data, data + len, &a->p, &a->s, &a->options);
}

/* ---- what is written ---- */

static void assert_turned_round(const struct answer *a,
				const struct frame_reply *r,
				const unsigned char *data)
{
	unsigned int size = r->ip6 ? 16 : 4;

	assert_memory_equal(r->src_mac, a->syn.data, 6);
	assert_memory_equal(r->dst_mac, a->syn.data + 6, 6);
	assert_memory_equal(data + 12, a->syn.data + 12, a->p.l2_len - 12);
	assert_memory_equal(r->src, a->p.daddr, size);
	assert_memory_equal(r->dst, a->p.saddr, size);
	assert_int_equal(r->sport, bpf_ntohs(a->p.dport));
	assert_int_equal(r->dport, bpf_ntohs(a->p.sport));
}

static void assert_header(const struct answer *a, const struct frame_reply *r)
{
	assert_int_equal(r->ip6, a->p.version == 6);
	assert_int_equal(r->df, a->p.version == 4);
	assert_int_equal(r->ttl, 64);
	assert_int_equal(r->seq, a->s.cookie.isn);
	assert_int_equal(r->ack, CLIENT_ISN + 1);
	assert_int_equal(r->window, OUR_WINDOW);
	assert_int_equal(r->payload, 0);
	assert_int_equal(r->flags, FRAME_SYN | FRAME_ACK |
					   (a->s.client.ecn ? FRAME_ECE : 0));
}

/* Advertised is what was offered, ours for theirs, and in no more bytes. */
static void assert_options(const struct offer *o, const struct answer *a,
			   const struct frame_reply *r)
{
	bool sack = o->timestamps ? o->sack : a->s.client.sack;

	assert_int_equal(r->mss, OUR_MSS);
	assert_int_equal(r->wscale, o->wscale < 0 ? -1 : OUR_WSCALE);
	assert_int_equal(r->sack, sack);
	assert_int_equal(r->timestamps, o->timestamps);
	assert_int_equal(r->tsecr, o->timestamps ? FRAME_TSVAL : 0);
	assert_int_equal(r->tsval, o->timestamps ? a->s.cookie.tsval : 0);
	assert_int_equal(r->options_len, 4 +
						 (o->timestamps ? 12 :
						  sack          ? 4 :
								  0) +
						 (o->wscale < 0 ? 0 : 4));
}

static void answer_is_right(const struct arrival *arrival,
			    const struct offer *offer)
{
	struct frame_reply r;
	unsigned char *data;
	struct answer a;

	answer_prepare(&a, arrival, offer);
	data = answer_room(&a, a.len);
	assert_true(answer_write(&a, data, a.len));
	assert_true(frame_checksums_ok(data, a.len));
	assert_true(frame_read(data, a.len, &r));
	assert_int_equal(a.len, 14 + 4 * r.vlan_tags + (r.ip6 ? 40 : 20) + 20 +
					r.options_len);
	assert_int_equal(r.ip_len, a.len - a.p.l2_len);
	assert_turned_round(&a, &r, data);
	assert_header(&a, &r);
	assert_options(offer, &a, &r);
	exact_free(data);
}

static void writes_right_answer(void **state)
{
	each_offer(*state, answer_is_right);
}

/* ---- what comes back ---- */

/* The client's ACK of what it read; no byte is carried round it. */
static bool ack_restores(const struct frame_spec *syn,
			 const struct frame_reply *r, struct cookie_options *o)
{
	struct frame_spec spec = *syn;
	unsigned char options[12];
	struct tcpopt opt;
	struct packet p = {};
	struct frame f;

	frame_timestamps(options, FRAME_TSVAL + 1, r->tsval);
	spec.options = options;
	spec.options_len = r->timestamps ? 12 : 0;
	spec.flags = FRAME_ACK;
	spec.seq = r->ack;
	spec.ack = r->seq + 1;
	frame_build(&f, &spec);
	assert_int_equal(packet_parse(f.data, f.data + f.len, &p), SW_GO_ON);
	assert_true(tcpopt_parse(&p, f.data, f.data + f.len, &opt));
	return cookie_check(&keys, &p, &opt, NOW + 1000000, o);
}

static void answer_comes_back(const struct arrival *arrival,
			      const struct offer *offer)
{
	struct cookie_options o;
	struct frame_reply r;
	unsigned char *data;
	struct answer a;

	answer_prepare(&a, arrival, offer);
	data = answer_room(&a, a.len);
	assert_true(answer_write(&a, data, a.len));
	assert_true(frame_read(data, a.len, &r));
	assert_true(ack_restores(&arrival->spec, &r, &o));
	assert_int_equal(r.wscale >= 0, o.wscale != TCPOPT_WSCALE_NONE);
	assert_int_equal(r.sack, o.sack);
	assert_int_equal(r.timestamps, o.timestamps);
	assert_int_equal(!!(r.flags & FRAME_ECE), o.ecn);
	assert_int_equal(o.mss, a.s.client.mss);
	exact_free(data);
}

static void restores_what_it_advertised(void **state)
{
	each_offer(*state, answer_comes_back);
}

/* ---- frames of the wrong length ---- */

static void short_room_is_refused(const struct arrival *arrival,
				  const struct offer *offer)
{
	unsigned int least;
	struct answer a;

	answer_prepare(&a, arrival, offer);
	if (offer->mss != 1460 || (offer->wscale >= 0 && offer->wscale != 7))
		return;
	least = a.p.l2_len;
	for (unsigned int len = least; len < a.len; len++) {
		unsigned char *data = answer_room(&a, len);

		assert_false(answer_write(&a, data, len));
		exact_free(data);
	}
}

static void refuses_short_room(void **state)
{
	each_offer(*state, short_room_is_refused);
}

static void long_room_is_kept(const struct arrival *arrival,
			      const struct offer *offer)
{
	struct answer a;
	unsigned char *data, *before;

	answer_prepare(&a, arrival, offer);
	data = answer_room(&a, a.len + 64);
	before = answer_room(&a, a.len + 64);
	assert_true(answer_write(&a, data, a.len + 64));
	assert_true(frame_checksums_ok(data, a.len + 64));
	assert_memory_equal(data + a.len, before + a.len, 64);
	exact_free(before);
	exact_free(data);
}

static void keeps_long_room(void **state)
{
	each_offer(*state, long_room_is_kept);
}

/* ---- checksums at their edges ---- */

/* All words of the answer that we or the client choose, at random. */
static void random_answer(void **state)
{
	static const struct offer offer = { 1460, 7, true, true, true };
	struct answer a;

	for (int i = 0; i < 20000; i++) {
		unsigned char *data;

		answer_prepare(&a, *state, &offer);
		random_fill(&a.s.cookie, sizeof(a.s.cookie));
		random_fill(&a.s.tsecr, sizeof(a.s.tsecr));
		random_fill(a.p.saddr, a.p.version == 4 ? 4 : 16);
		random_fill(a.p.daddr, a.p.version == 4 ? 4 : 16);
		a.p.seq = random_u64();
		a.s.mss = random_u64();
		a.s.window = random_u64();
		synack_options(&a.s, &a.options);
		data = answer_room(&a, a.len);
		assert_true(answer_write(&a, data, a.len));
		assert_true(frame_checksums_ok(data, a.len));
		exact_free(data);
	}
}

/* What hardware does to a TCP segment whose checksum was left to it. Done to
 * one that is whole, it leaves the pseudo-header's sum, and so undoes itself. */
static void finish_checksum(unsigned char *data, unsigned int tcp_at)
{
	unsigned int sum = 0, end;
	struct frame_reply r;

	assert_true(frame_read(data, FRAME_MAX, &r));
	end = data[12] == 0x81 ? 18 : 14;
	end += r.ip_len;
	for (unsigned int i = tcp_at; i < end; i++)
		sum += (i - tcp_at) % 2 ? data[i] : data[i] << 8;
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	data[tcp_at + 16] = ~sum >> 8 & 0xff;
	data[tcp_at + 17] = ~sum & 0xff;
}

static void leaves_checksum_to_hardware(void **state)
{
	static const struct offer offer = { 1460, 7, true, true, true };
	unsigned char *syn, *data;
	unsigned int tcp_at;
	struct answer a;

	answer_prepare(&a, *state, &offer);
	tcp_at = a.p.l2_len + (a.p.version == 4 ? 20 : 40);
	syn = a.syn.data;
	assert_false(synack_unsummed(syn, syn + a.syn.len, &a.p));
	finish_checksum(syn, a.p.tcp_at);
	a.s.unsummed = synack_unsummed(syn, syn + a.syn.len, &a.p);
	/* where the kernel believes our TCP header to be, it is */
	assert_int_equal(a.s.unsummed, a.p.tcp_at == tcp_at);
	if (!a.s.unsummed)
		return;
	data = answer_room(&a, FRAME_MAX);
	assert_true(answer_write(&a, data, FRAME_MAX));
	assert_false(frame_checksums_ok(data, a.len));
	finish_checksum(data, tcp_at);
	assert_true(frame_checksums_ok(data, a.len));
	exact_free(data);
}

/* ---- the judge itself ---- */

/* A checker that never says no would pass everything above. */
static void judge_sees_a_flipped_bit(void **state)
{
	const struct arrival *arrival = *state;
	struct frame_spec spec = arrival->spec;
	struct frame f;

	spec.flags = FRAME_SYN;
	spec.pad_to = 0;
	spec.ip_options_len = 0;
	frame_build(&f, &spec);
	assert_true(frame_checksums_ok(f.data, f.len));
	for (unsigned int at = FLAGS_AT(spec.ip6) + 4 * spec.vlan_tags;
	     !spec.ip6_header_count && at < f.len; at++) {
		f.data[at] ^= 0x10;
		assert_false(frame_checksums_ok(f.data, f.len));
		f.data[at] ^= 0x10;
	}
}

int main(void)
{
	static const struct {
		const char *what;
		CMUnitTestFunction run;
	} cases[] = {
		{ "the SYN-ACK is right, whatever was offered",
		  writes_right_answer },
		{ "the ACK restores what was advertised",
		  restores_what_it_advertised },
		{ "a frame too short is refused, nothing outside is written",
		  refuses_short_room },
		{ "what lies behind the SYN-ACK is left alone",
		  keeps_long_room },
		{ "checksums are right for random words", random_answer },
		{ "where the SYN's is left to hardware, so is ours",
		  leaves_checksum_to_hardware },
		{ "and the test sees a wrong one", judge_sees_a_flipped_bit },
	};
	static char name[ARRAY_LEN(arrivals) * ARRAY_LEN(cases)][128];
	struct table t = {};

	for (size_t i = 0; i < ARRAY_LEN(arrivals); i++)
		for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
			snprintf(name[t.count], sizeof(name[0]), "%s: %s",
				 arrivals[i].name, cases[c].what);
			table_case(&t, name[t.count], cases[c].run,
				   &arrivals[i]);
		}
	return table_run(&t, "synack");
}
