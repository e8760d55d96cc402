/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a frame down to its TCP header: Ethernet, at most one 802.1Q tag,
 * IPv4 with options or IPv6 with extension headers. Pure.
 *
 * It judges only whether there is a TCP header and where. Options of TCP are
 * tcpopt.h's. Checksums are not verified: a wrong one costs its sender a
 * SYN-ACK, and what passes is verified by the kernel.
 */
#ifndef SYNWARD_PACKET_H
#define SYNWARD_PACKET_H

#include "types.h"

#define PACKET_ETH_IP 0x0800
#define PACKET_ETH_IP6 0x86dd
#define PACKET_ETH_VLAN 0x8100
#define PACKET_ETH_QINQ 0x88a8
#define PACKET_VLAN_LEN 4

#define PACKET_IPPROTO_HOPOPTS 0
#define PACKET_IPPROTO_TCP 6
#define PACKET_IPPROTO_ROUTING 43
#define PACKET_IPPROTO_FRAGMENT 44
#define PACKET_IPPROTO_DSTOPTS 60

/* Byte 13 of the TCP header, RFC 9293 3.1. */
#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10
#define TCP_ECE 0x40
#define TCP_CWR 0x80

/* A TCP segment as it came; addresses and ports in network byte order. It
 * holds no pointers, so that it outlives a change of the frame. */
struct packet {
	__be32 saddr[4]; /* IPv4: in [0] */
	__be32 daddr[4];
	__be16 sport;
	__be16 dport;
	__u32 seq; /* host byte order, as ack_seq */
	__u32 ack_seq;
	__u8 version;      /* 4 or 6 */
	__u8 flags;        /* TCP_* */
	__u8 ip_ecn;       /* the IP header's ECN bits */
	__u8 tcp_reserved; /* byte 12's low half: AccECN's AE, and unused */
	__u8 tcp_len;      /* header with options, 20..60 */
	__u8 l2_len;       /* Ethernet header with its tag */
	__u16 tcp_at;      /* where in the frame the TCP header begins */
	__u32 ip_end;      /* and where the IP packet ends */
};

/* Farther in than any header chain that we accept: 14 + 4 + 40 + 6 * 2048. */
#define PACKET_AT_MASK 0x3fff

/* Compares all four words of two addresses. */
static __always_inline bool packet_same_address(const __be32 *a,
						const __be32 *b)
{
	return !((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]));
}

/* A cursor: what is left of the frame, and of the IP packet in it. */
struct packet_cursor {
	void *data; /* the frame */
	void *at;
	void *end;  /* of the linear part */
	__u32 left; /* bytes of IP payload from at on */
	__u8 protocol;
};

static __always_inline enum sw_reason packet_tcp(struct packet_cursor *c,
						 struct packet *p)
{
	struct tcphdr *tcp = c->at;

	if (c->protocol != PACKET_IPPROTO_TCP)
		return SW_NOT_TCP;
	if ((void *)(tcp + 1) > c->end)
		return SW_MALFORMED;

	p->tcp_at = c->at - c->data;
	p->tcp_len = tcp->doff * 4;
	if (p->tcp_len < sizeof(*tcp) || p->tcp_len > c->left)
		return SW_MALFORMED;

	p->sport = tcp->source;
	p->dport = tcp->dest;
	p->seq = bpf_ntohl(tcp->seq);
	p->ack_seq = bpf_ntohl(tcp->ack_seq);
	p->tcp_reserved = ((__u8 *)tcp)[12] & 0xf;
	p->flags = ((__u8 *)tcp)[13];
	return SW_GO_ON;
}

static __always_inline enum sw_reason packet_ip4(struct packet_cursor *c,
						 struct packet *p)
{
	struct iphdr *ip = c->at;
	__u32 ip_len, total;

	if ((void *)(ip + 1) > c->end)
		return SW_MALFORMED;
	ip_len = ip->ihl * 4;
	total = bpf_ntohs(ip->tot_len);
	if (ip->version != 4 || ip_len < sizeof(*ip) || total < ip_len)
		return SW_MALFORMED;
	if (ip->frag_off & bpf_htons(0x3fff)) /* MF or an offset */
		return SW_FRAGMENT;

	p->version = 4;
	p->ip_end = p->l2_len + total;
	p->ip_ecn = ip->tos & 3;
	p->saddr[0] = ip->saddr;
	p->daddr[0] = ip->daddr;
	c->protocol = ip->protocol;
	c->at += ip_len;
	c->left = total - ip_len;
	return SW_GO_ON;
}

/*
 * Steps over one extension header (RFC 8200 4). A fragment header that holds
 * the whole packet (RFC 6946, atomic) is stepped over; a routing header only
 * when this is its last hop.
 */
static __always_inline enum sw_reason packet_ip6_header(struct packet_cursor *c)
{
	__u8 *h = c->at;
	__u32 len;

	if ((void *)(h + 8) > c->end)
		return SW_MALFORMED;
	len = (h[1] + 1) * 8;
	if (c->protocol == PACKET_IPPROTO_FRAGMENT) {
		if (*(__be16 *)(h + 2) & bpf_htons(0xfff9))
			return SW_FRAGMENT;
		len = 8;
	} else if (c->protocol == PACKET_IPPROTO_ROUTING && h[3]) {
		return SW_IP6_CHAIN;
	}
	if (len > c->left)
		return SW_MALFORMED;

	c->protocol = h[0];
	c->at += len;
	c->left -= len;
	return SW_GO_ON;
}

static __always_inline bool packet_ip6_is_header(__u8 protocol)
{
	return protocol == PACKET_IPPROTO_HOPOPTS ||
	       protocol == PACKET_IPPROTO_ROUTING ||
	       protocol == PACKET_IPPROTO_FRAGMENT ||
	       protocol == PACKET_IPPROTO_DSTOPTS;
}

static __always_inline enum sw_reason packet_ip6_chain(struct packet_cursor *c)
{
	enum sw_reason reason;

	for (int i = 0; i < SW_IP6_HEADERS_MAX; i++) {
		if (!packet_ip6_is_header(c->protocol))
			return SW_GO_ON;
		reason = packet_ip6_header(c);
		if (reason)
			return reason;
	}
	return packet_ip6_is_header(c->protocol) ? SW_IP6_CHAIN : SW_GO_ON;
}

static __always_inline enum sw_reason packet_ip6(struct packet_cursor *c,
						 struct packet *p)
{
	struct ipv6hdr *ip = c->at;

	if ((void *)(ip + 1) > c->end)
		return SW_MALFORMED;
	c->left = bpf_ntohs(ip->payload_len);
	if (ip->version != 6)
		return SW_MALFORMED;

	p->version = 6;
	p->ip_end = p->l2_len + sizeof(*ip) + c->left;
	p->ip_ecn = ip->flow_lbl[0] >> 4 & 3;
	__builtin_memcpy(p->saddr, &ip->saddr, sizeof(p->saddr));
	__builtin_memcpy(p->daddr, &ip->daddr, sizeof(p->daddr));
	c->protocol = ip->nexthdr;
	c->at += sizeof(*ip);
	return packet_ip6_chain(c);
}

/*
 * data, end: the frame's linear part. Returns SW_GO_ON and fills p, or why
 * there is no segment to look at. What is left to check is packet_fits().
 */
static __always_inline enum sw_reason packet_parse(void *data, void *end,
						   struct packet *p)
{
	struct packet_cursor c = {
		.data = data,
		.at = data + sizeof(struct ethhdr),
		.end = end,
	};
	struct ethhdr *eth = data;
	enum sw_reason reason;
	__be16 proto;

	if (c.at > end)
		return SW_MALFORMED;
	p->l2_len = sizeof(*eth);
	proto = eth->h_proto;

	if (unlikely(proto == bpf_htons(PACKET_ETH_VLAN) ||
		     proto == bpf_htons(PACKET_ETH_QINQ))) {
		__be16 *tag = c.at;

		if (c.at + PACKET_VLAN_LEN > end)
			return SW_MALFORMED;
		if (proto == bpf_htons(PACKET_ETH_QINQ) ||
		    tag[1] == bpf_htons(PACKET_ETH_VLAN) ||
		    tag[1] == bpf_htons(PACKET_ETH_QINQ))
			return SW_VLAN_STACKED;
		proto = tag[1];
		p->l2_len += PACKET_VLAN_LEN;
		c.at += PACKET_VLAN_LEN;
	}

	if (likely(proto == bpf_htons(PACKET_ETH_IP)))
		reason = packet_ip4(&c, p);
	else if (proto == bpf_htons(PACKET_ETH_IP6))
		reason = packet_ip6(&c, p);
	else
		return SW_NOT_TCP;
	return reason ?: packet_tcp(&c, p);
}

/* Does the IP packet end within its frame? frame_len: of the whole frame, which
 * is longer than its linear part where it has fragments. */
static __always_inline bool packet_fits(const struct packet *p, __u32 frame_len)
{
	return p->ip_end <= frame_len;
}

/* bytes of the segment's TCP options */
static __always_inline __u32 packet_options_len(const struct packet *p)
{
	return p->tcp_len - sizeof(struct tcphdr);
}

/* The TCP header again, in a frame at data; the caller checks its end. */
static __always_inline struct tcphdr *packet_tcp_header(void *data,
							const struct packet *p)
{
	return data + (p->tcp_at & PACKET_AT_MASK);
}

#endif
