/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bpf/packet.h: which frames hold a TCP segment, where it is, and why the
 * others do not; and that no byte outside a frame is read.
 */
#include "frame.h"
#include "packet.h"
#include "unit.h"

#include <arpa/inet.h>
#include <stdio.h>

#define ARP 0x0806
#define ICMP6 58
#define AH 51

static const unsigned char chain[] = {
	PACKET_IPPROTO_HOPOPTS,  PACKET_IPPROTO_DSTOPTS, PACKET_IPPROTO_ROUTING,
	PACKET_IPPROTO_FRAGMENT, PACKET_IPPROTO_DSTOPTS, PACKET_IPPROTO_DSTOPTS,
	PACKET_IPPROTO_DSTOPTS,
};
static const unsigned char fragment[] = { PACKET_IPPROTO_FRAGMENT };
static const unsigned char routing[] = { PACKET_IPPROTO_ROUTING };
static const unsigned char dstopts[] = { PACKET_IPPROTO_DSTOPTS };

#define SYN .flags = FRAME_SYN, .seq = 0x89abcdef, .ack = 0x01234567
#define LINUX SYN, FRAME_OPTIONS(frame_options_linux)
#define HEADERS(array) .ip6_headers = (array), .ip6_header_count = 1

struct arrival {
	const char *name;
	struct frame_spec spec;
	enum sw_reason reason; /* SW_GO_ON: a segment, and it is at tcp_at */
	unsigned int tcp_at;
	unsigned int tcp_len;
};

/* clang-format off */
static const struct arrival arrivals[] = {
	/* segments */
	{ "IPv4", { LINUX }, SW_GO_ON, 34, 40 },
	{ "IPv6", { .ip6 = true, LINUX }, SW_GO_ON, 54, 40 },
	{ "IPv4 without TCP options", { SYN }, SW_GO_ON, 34, 20 },
	{ "IPv6 without TCP options", { .ip6 = true, SYN }, SW_GO_ON, 54, 20 },
	{ "IPv4 with all flags but SYN",
	  { .flags = 0xff - FRAME_SYN, .seq = 1, .ack = 2 }, SW_GO_ON, 34, 20 },
	{ "IPv4 with DF", { .df = true, LINUX }, SW_GO_ON, 34, 40 },
	{ "IPv4 with the reserved bit of RFC 3514",
	  { .frag_off = 0x8000, LINUX }, SW_GO_ON, 34, 40 },
	{ "IPv4 with payload", { .payload = 100, LINUX }, SW_GO_ON, 34, 40 },
	{ "IPv6 with payload",
	  { .ip6 = true, .payload = 100, LINUX }, SW_GO_ON, 54, 40 },
	{ "IPv4 padded to Ethernet's minimum",
	  { .pad_to = 60, SYN }, SW_GO_ON, 34, 20 },
	{ "IPv6 with padding",
	  { .ip6 = true, .pad_to = 100, SYN }, SW_GO_ON, 54, 20 },
	{ "an option-less IPv4 SYN of 54 bytes", { SYN }, SW_GO_ON, 34, 20 },
	/* tags */
	{ "IPv4 in one VLAN tag",
	  { .vlan_tags = 1, LINUX }, SW_GO_ON, 38, 40 },
	{ "IPv6 in one VLAN tag",
	  { .ip6 = true, .vlan_tags = 1, LINUX }, SW_GO_ON, 58, 40 },
	{ "a VLAN tag with priority",
	  { .vlan_tags = 1, .vlan_id = 0xe001, LINUX }, SW_GO_ON, 38, 40 },
	{ "two VLAN tags are not looked into",
	  { .vlan_tags = 2, LINUX }, SW_VLAN_STACKED, 0, 0 },
	{ "QinQ is not looked into",
	  { .vlan_tags = 2, .vlan_proto = 0x88a8, LINUX }, SW_VLAN_STACKED, 0, 0 },
	{ "QinQ is not looked into over IPv6",
	  { .ip6 = true, .vlan_tags = 2, .vlan_proto = 0x88a8, LINUX },
	  SW_VLAN_STACKED, 0, 0 },
	{ "a single tag of QinQ's kind is not looked into",
	  { .vlan_tags = 1, .vlan_proto = 0x88a8, LINUX }, SW_VLAN_STACKED, 0, 0 },
	{ "ARP in a VLAN tag", { .vlan_tags = 1, .ethertype = ARP, SYN },
	  SW_NOT_TCP, 0, 0 },
	/* others */
	{ "ARP", { .ethertype = ARP, SYN }, SW_NOT_TCP, 0, 0 },
	{ "an 802.3 length for a type", { .ethertype = 40, SYN }, SW_NOT_TCP, 0, 0 },
	{ "UDP over IPv4", { .ip_protocol = 17, SYN }, SW_NOT_TCP, 0, 0 },
	{ "UDP over IPv6", { .ip6 = true, .ip_protocol = 17, SYN },
	  SW_NOT_TCP, 0, 0 },
	{ "ICMPv6 behind an extension header",
	  { .ip6 = true, HEADERS(dstopts), .ip_protocol = ICMP6, SYN },
	  SW_NOT_TCP, 0, 0 },
	{ "an authentication header is not looked into",
	  { .ip6 = true, .ip_protocol = AH, SYN }, SW_NOT_TCP, 0, 0 },
	/* IPv4's header */
	{ "IPv4 with 4 bytes of options",
	  { .ip_options_len = 4, LINUX }, SW_GO_ON, 38, 40 },
	{ "IPv4 with 40 bytes of options",
	  { .ip_options_len = 40, LINUX }, SW_GO_ON, 74, 40 },
	{ "IPv4 with 40 bytes of options in a VLAN tag",
	  { .ip_options_len = 40, .vlan_tags = 1, LINUX }, SW_GO_ON, 78, 40 },
	{ "IPv4 header of 16 bytes", { .ihl = 4, LINUX }, SW_MALFORMED, 0, 0 },
	{ "IPv4 type, version 6", { .ip_version = 6, LINUX }, SW_MALFORMED, 0, 0 },
	{ "IPv4 type, version 15", { .ip_version = 15, LINUX },
	  SW_MALFORMED, 0, 0 },
	{ "IPv4 header longer than the packet",
	  { .ihl = 15, SYN }, SW_MALFORMED, 0, 0 },
	{ "IPv4 one byte longer than the frame",
	  { .ip_len_add = 1, LINUX }, SW_MALFORMED, 0, 0 },
	{ "IPv4 of 65,535 bytes", { .ip_len_add = 65535 - 60, LINUX },
	  SW_MALFORMED, 0, 0 },
	{ "IPv4 that ends in the TCP options",
	  { .ip_len_add = -1, LINUX }, SW_MALFORMED, 0, 0 },
	{ "IPv4 that ends in the TCP header",
	  { .ip_len_add = -21, LINUX }, SW_MALFORMED, 0, 0 },
	{ "IPv4 that ends before the TCP header",
	  { .ip_len_add = -40, LINUX }, SW_MALFORMED, 0, 0 },
	{ "IPv4 that ends within its own header",
	  { .ip_len_add = -41, LINUX }, SW_MALFORMED, 0, 0 },
	{ "IPv4 of length 0", { .ip_len_add = -60, LINUX }, SW_MALFORMED, 0, 0 },
	{ "IPv4 whose TCP header would be padding",
	  { .ip_len_add = -20, SYN, .pad_to = 60 }, SW_MALFORMED, 0, 0 },
	{ "IPv4 that ends in the payload",
	  { .ip_len_add = -50, .payload = 100, LINUX }, SW_GO_ON, 34, 40 },
	/* fragments */
	{ "IPv4 first fragment", { .frag_off = 0x2000, LINUX }, SW_FRAGMENT, 0, 0 },
	{ "IPv4 last fragment", { .frag_off = 1, LINUX }, SW_FRAGMENT, 0, 0 },
	{ "IPv4 fragment far in", { .frag_off = 0x1000, LINUX }, SW_FRAGMENT, 0, 0 },
	{ "IPv4 fragment in the middle, with DF",
	  { .frag_off = 0x3fff, .df = true, LINUX }, SW_FRAGMENT, 0, 0 },
	{ "IPv6 atomic fragment",
	  { .ip6 = true, HEADERS(fragment), LINUX }, SW_GO_ON, 62, 40 },
	{ "IPv6 atomic fragment with reserved bits",
	  { .ip6 = true, HEADERS(fragment), .frag_off = 6, LINUX }, SW_GO_ON,
	  62, 40 },
	{ "IPv6 atomic fragment whose reserved byte is no length",
	  { .ip6 = true, HEADERS(fragment), .ip6_header_units = 1, LINUX },
	  SW_GO_ON, 62, 40 },
	{ "IPv6 first fragment",
	  { .ip6 = true, HEADERS(fragment), .frag_off = 1, LINUX },
	  SW_FRAGMENT, 0, 0 },
	{ "IPv6 last fragment",
	  { .ip6 = true, HEADERS(fragment), .frag_off = 8, LINUX },
	  SW_FRAGMENT, 0, 0 },
	{ "IPv6 fragment far in",
	  { .ip6 = true, HEADERS(fragment), .frag_off = 0x8000, LINUX },
	  SW_FRAGMENT, 0, 0 },
	/* IPv6's headers */
	{ "IPv6, 1 extension header",
	  { .ip6 = true, .ip6_headers = chain, .ip6_header_count = 1, LINUX },
	  SW_GO_ON, 62, 40 },
	{ "IPv6, 2 extension headers",
	  { .ip6 = true, .ip6_headers = chain, .ip6_header_count = 2, LINUX },
	  SW_GO_ON, 70, 40 },
	{ "IPv6, 3 extension headers",
	  { .ip6 = true, .ip6_headers = chain, .ip6_header_count = 3, LINUX },
	  SW_GO_ON, 78, 40 },
	{ "IPv6, 4 extension headers",
	  { .ip6 = true, .ip6_headers = chain, .ip6_header_count = 4, LINUX },
	  SW_GO_ON, 86, 40 },
	{ "IPv6, 5 extension headers",
	  { .ip6 = true, .ip6_headers = chain, .ip6_header_count = 5, LINUX },
	  SW_GO_ON, 94, 40 },
	{ "IPv6, 6 extension headers",
	  { .ip6 = true, .ip6_headers = chain, .ip6_header_count = 6, LINUX },
	  SW_GO_ON, 102, 40 },
	{ "IPv6, 6 extension headers in a VLAN tag",
	  { .ip6 = true, .ip6_headers = chain, .ip6_header_count = 6,
	    .vlan_tags = 1, LINUX },
	  SW_GO_ON, 106, 40 },
	{ "IPv6, 7 extension headers are past the bound",
	  { .ip6 = true, .ip6_headers = chain, .ip6_header_count = 7, LINUX },
	  SW_IP6_CHAIN, 0, 0 },
	{ "IPv6, 6 extension headers and no TCP",
	  { .ip6 = true, .ip6_headers = chain, .ip6_header_count = 6,
	    .ip_protocol = 17, LINUX },
	  SW_NOT_TCP, 0, 0 },
	{ "IPv6, 3 extension headers of 48 bytes each",
	  { .ip6 = true, .ip6_headers = chain, .ip6_header_count = 3,
	    .ip6_header_units = 5, LINUX },
	  SW_GO_ON, 54 + 3 * 48, 40 },
	{ "IPv6, an extension header of 1,600 bytes",
	  { .ip6 = true, HEADERS(dstopts), .ip6_header_units = 199, LINUX },
	  SW_GO_ON, 54 + 1600, 40 },
	{ "IPv6, a routing header at its last hop",
	  { .ip6 = true, HEADERS(routing), LINUX }, SW_GO_ON, 62, 40 },
	{ "IPv6, a routing header with a segment left",
	  { .ip6 = true, HEADERS(routing), .ip6_segments_left = 1, LINUX },
	  SW_IP6_CHAIN, 0, 0 },
	{ "IPv6, a routing header with 255 segments left",
	  { .ip6 = true, HEADERS(routing), .ip6_segments_left = 255, LINUX },
	  SW_IP6_CHAIN, 0, 0 },
	{ "IPv6 that ends within an extension header",
	  { .ip6 = true, HEADERS(dstopts), .ip_len_add = -41, LINUX },
	  SW_MALFORMED, 0, 0 },
	{ "IPv6 that ends behind an extension header",
	  { .ip6 = true, HEADERS(dstopts), .ip_len_add = -40, LINUX },
	  SW_MALFORMED, 0, 0 },
	{ "IPv6 that ends in the TCP options",
	  { .ip6 = true, .ip_len_add = -1, LINUX }, SW_MALFORMED, 0, 0 },
	{ "IPv6 one byte longer than the frame",
	  { .ip6 = true, .ip_len_add = 1, LINUX }, SW_MALFORMED, 0, 0 },
	{ "IPv6 of 65,535 bytes",
	  { .ip6 = true, .ip_len_add = 65535 - 40, LINUX }, SW_MALFORMED, 0, 0 },
	{ "IPv6 without length, a jumbogram",
	  { .ip6 = true, .ip_len_add = -40, LINUX }, SW_MALFORMED, 0, 0 },
	{ "IPv6 type, version 4",
	  { .ip6 = true, .ip_version = 4, LINUX }, SW_MALFORMED, 0, 0 },
	/* TCP's header */
	{ "TCP header of 16 bytes", { .doff = 4, LINUX }, SW_MALFORMED, 0, 0 },
	{ "TCP header of 4 bytes", { .doff = 1, LINUX }, SW_MALFORMED, 0, 0 },
	{ "TCP header past the packet", { .doff = 11, LINUX }, SW_MALFORMED, 0, 0 },
	{ "TCP header past the packet, over IPv6",
	  { .ip6 = true, .doff = 11, LINUX }, SW_MALFORMED, 0, 0 },
	{ "TCP header that reaches into padding",
	  { .doff = 6, .pad_to = 60, SYN }, SW_MALFORMED, 0, 0 },
	{ "TCP header of 60 bytes",
	  { .doff = 15, .payload = 20, LINUX }, SW_GO_ON, 34, 60 },
	{ "TCP header of 60 bytes, a byte short",
	  { .doff = 15, .payload = 19, LINUX }, SW_MALFORMED, 0, 0 },
};
/* clang-format on */

/* Parses bytes that end where the heap block does. */
static enum sw_reason parse(const struct frame *f, unsigned int there,
			    unsigned int frame_len, struct packet *ret_p)
{
	unsigned char *data = exact_copy(f->data, there);
	struct packet p = {};
	enum sw_reason reason;

	reason = packet_parse(data, data + there, &p);
	if (!reason && !packet_fits(&p, frame_len))
		reason = SW_MALFORMED;
	*ret_p = p;
	exact_free(data);
	return reason;
}

static void assert_address(const __be32 *got, bool ip6, const char *want)
{
	unsigned char address[16] = {};

	assert_int_equal(inet_pton(ip6 ? AF_INET6 : AF_INET, want, address), 1);
	assert_memory_equal(got, address, sizeof(address));
}

static void assert_fields(const struct packet *p, const struct frame_spec *s)
{
	assert_int_equal(p->version, s->ip6 ? 6 : 4);
	assert_address(p->saddr, s->ip6,
		       s->ip6 ? "2001:db8:1::7" : "198.51.100.7");
	assert_address(p->daddr, s->ip6, s->ip6 ? "2001:db8::1" : "192.0.2.1");
	assert_int_equal(ntohs(p->sport), 40000);
	assert_int_equal(ntohs(p->dport), 80);
	assert_int_equal(p->seq, s->seq);
	assert_int_equal(p->ack_seq, s->ack);
	assert_int_equal(p->flags, s->flags);
	assert_int_equal(p->l2_len, 14 + 4 * s->vlan_tags);
}

static void arrives(void **state)
{
	const struct arrival *a = *state;
	struct packet p;
	struct frame f;

	frame_build(&f, &a->spec);
	assert_int_equal(parse(&f, f.len, f.len, &p), a->reason);
	if (a->reason)
		return;
	assert_fields(&p, &a->spec);
	assert_int_equal(p.tcp_at, a->tcp_at);
	assert_int_equal(p.tcp_len, a->tcp_len);
	assert_int_equal(packet_options_len(&p), a->tcp_len - 20);
	assert_ptr_equal(packet_tcp_header(f.data, &p), f.data + a->tcp_at);
}

/* ---- frames cut short ---- */

struct cut {
	const char *name;
	struct frame_spec spec;
	unsigned int tcp_at;   /* 0 = there is no segment */
	unsigned int known_at; /* length from which it is SW_NOT_TCP */
};

/* clang-format off */
static const struct cut cuts[] = {
	{ "IPv4, cut anywhere", { LINUX }, 34, 0 },
	{ "IPv4 without options, cut anywhere", { SYN }, 34, 0 },
	{ "IPv4 with payload, cut anywhere",
	  { .payload = 64, LINUX }, 34, 0 },
	{ "IPv4 with IP options, cut anywhere",
	  { .ip_options_len = 40, LINUX }, 74, 0 },
	{ "IPv6, cut anywhere", { .ip6 = true, LINUX }, 54, 0 },
	{ "IPv6 with six extension headers, cut anywhere",
	  { .ip6 = true, .ip6_headers = chain, .ip6_header_count = 6, LINUX },
	  102, 0 },
	{ "IPv6 with long extension headers, cut anywhere",
	  { .ip6 = true, .ip6_headers = chain, .ip6_header_count = 3,
	    .ip6_header_units = 9, LINUX },
	  54 + 3 * 80, 0 },
	{ "IPv4 in a VLAN tag, cut anywhere",
	  { .vlan_tags = 1, LINUX }, 38, 0 },
	{ "IPv6 in a VLAN tag, cut anywhere",
	  { .ip6 = true, .vlan_tags = 1, LINUX }, 58, 0 },
	{ "ARP, cut anywhere", { .ethertype = ARP, SYN }, 0, 14 },
	{ "ARP in a VLAN tag, cut anywhere",
	  { .vlan_tags = 1, .ethertype = ARP, SYN }, 0, 18 },
};
/* clang-format on */

/* The frame ends early, whatever its headers say. */
static void cut_is_malformed(void **state)
{
	const struct cut *c = *state;
	enum sw_reason want;
	struct packet p;
	struct frame f;

	frame_build(&f, &c->spec);
	for (unsigned int len = 0; len < f.len; len++) {
		want = c->tcp_at || len < c->known_at ? SW_MALFORMED :
							SW_NOT_TCP;
		assert_int_equal(parse(&f, len, len, &p), want);
	}
}

/* The frame is whole, but only some of it is in its linear part. */
static void linear_part_is_enough_or_not(void **state)
{
	const struct cut *c = *state;
	struct packet p;
	struct frame f;

	frame_build(&f, &c->spec);
	for (unsigned int len = 0; c->tcp_at && len <= f.len; len++)
		assert_int_equal(parse(&f, len, f.len, &p),
				 len < c->tcp_at + 20 ? SW_MALFORMED :
							SW_GO_ON);
}

/* ---- frames with bytes changed ---- */

#define CHANGES 20000

static void changed_is_read_within(void **state)
{
	const struct cut *c = *state;
	struct frame good, f;
	struct packet p;

	frame_build(&good, &c->spec);
	for (int i = 0; i < CHANGES; i++) {
		unsigned int len = good.len - random_below(4);

		f = good;
		for (int n = random_below(4); n >= 0; n--)
			f.data[12 + random_below(good.len - 12)] = random_u64();
		if (parse(&f, len, len, &p))
			continue;
		assert_in_range(p.tcp_at, 34, len - 20);
		assert_in_range(p.tcp_len, 20, len - p.tcp_at);
	}
}

/* ---- addresses ---- */

static void one_bit_makes_another_address(void **state)
{
	__be32 a[4], b[4];

	(void)state;
	random_fill(a, sizeof(a));
	for (int bit = 0; bit < 128; bit++) {
		memcpy(b, a, sizeof(b));
		assert_true(packet_same_address(a, b));
		b[bit / 32] ^= 1U << bit % 32;
		assert_false(packet_same_address(a, b));
	}
}

int main(void)
{
	static char name[ARRAY_LEN(cuts)][2][80];
	struct table t = {};

	table_rows(&t, arrivals, arrives);
	table_rows(&t, cuts, cut_is_malformed);
	for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
		snprintf(name[i][0], 80, "%s, linear part", cuts[i].name);
		table_case(&t, name[i][0], linear_part_is_enough_or_not,
			   &cuts[i]);
		snprintf(name[i][1], 80, "%s, bytes changed", cuts[i].name);
		table_case(&t, name[i][1], changed_is_read_within, &cuts[i]);
	}
	table_case(&t, "two addresses that differ in one bit differ",
		   one_bit_makes_another_address, NULL);
	return table_run(&t, "packet");
}
