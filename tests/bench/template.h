/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * template.h - what a frame of the flood looks like
 *
 * Knows: the kinds of flood, the headers, the sums over what stays the same.
 * Does not know: source, ports, sequence numbers. They are 0 here, and so are
 * the checksums; synflood.bpf.c fills them in and adds them to the sums.
 *
 * A header because every .c file here becomes a program; synflood.c alone
 * includes it.
 */
#ifndef BENCH_TEMPLATE_H
#define BENCH_TEMPLATE_H

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <stdbool.h>
#include <string.h>

#define TEMPLATE_ROOM 128 /* ROOM_MAX in synflood.bpf.c */
#define FLAG_SYN 0x02     /* byte 13 of the TCP header */
#define FLAG_ACK 0x10

struct kind {
	const char *name;
	__u8 ttl;
	__u8 flags;
	__u16 window;
	__u8 optlen;
	__u8 tsval_at; /* offset in the options, 0: no timestamps */
	__u8 opts[20]; /* the MSS comes first: IPv6 lowers it */
};

static const struct kind kinds[] = {
	{
		.name = "syn", /* Linux */
		.ttl = 64,
		.flags = FLAG_SYN,
		.window = 64240,
		.optlen = 20,
		.tsval_at = 8,
		.opts = { 2, 4,  5, 0xb4, 4, 2, /* MSS 1460, SACK permitted */
			  8, 10, 0, 0,    0, 0, 0, 0, 0, 0, /* timestamps */
			  1, 3,  3, 7 },                    /* NOP, scale 7 */
	},
	{ .name = "ack", .ttl = 64, .flags = FLAG_ACK, .window = 502 },
	{ .name = "optionless", .ttl = 64, .flags = FLAG_SYN, .window = 1024 },
	{
		.name = "windows", /* 10 and 11 */
		.ttl = 128,
		.flags = FLAG_SYN,
		.window = 64240,
		.optlen = 12,
		.opts = { 2, 4, 5, 0xb4, 1, 3, 3, 8, /* MSS 1460, scale 8 */
			  1, 1, 4, 2 },              /* SACK permitted */
	},
};

struct target {
	const struct kind *kind;
	bool ipv6;
	__u8 dst[16]; /* IPv4 in the first four bytes */
	__u8 dst_mac[ETH_ALEN];
	__u8 src_mac[ETH_ALEN];
	__be16 port;
};

struct wire {
	__u8 frame[TEMPLATE_ROOM] __attribute__((aligned(8)));
	__u32 len;
	__u32 ip_sum;   /* not folded */
	__u32 tcp_sum;  /* not folded, with pseudo header */
	__u32 tsval_at; /* offset in the frame, 0: no timestamps */
};

static inline size_t template_tcp_at(const struct target *to)
{
	return ETH_HLEN +
	       (to->ipv6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));
}

/* Words as they lie in memory, RFC 1071 section 2 (B). @len is even. */
static inline __u32 template_sum(__u32 sum, const void *bytes, size_t len)
{
	const __u8 *at = bytes;
	__u16 word;

	for (; len; len -= 2, at += 2) {
		memcpy(&word, at, sizeof(word));
		sum += word;
	}
	return sum;
}

static inline void template_ip4(const struct target *to, struct wire *w)
{
	struct iphdr *ip = (void *)(w->frame + ETH_HLEN);

	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->tot_len = htons(w->len - ETH_HLEN);
	ip->frag_off = htons(0x4000); /* DF */
	ip->ttl = to->kind->ttl;
	ip->protocol = IPPROTO_TCP;
	memcpy(&ip->daddr, to->dst, sizeof(ip->daddr));
	w->ip_sum = template_sum(0, ip, sizeof(*ip));
	w->tcp_sum = template_sum(0, &ip->daddr, sizeof(ip->daddr));
}

static inline void template_ip6(const struct target *to, struct wire *w)
{
	struct ipv6hdr *ip = (void *)(w->frame + ETH_HLEN);

	ip->version = 6;
	ip->payload_len = htons(w->len - template_tcp_at(to));
	ip->nexthdr = IPPROTO_TCP;
	ip->hop_limit = to->kind->ttl;
	memcpy(&ip->daddr, to->dst, sizeof(ip->daddr));
	w->tcp_sum = template_sum(0, &ip->daddr, sizeof(ip->daddr));
}

static inline void template_tcp(const struct target *to, struct wire *w)
{
	const struct kind *kind = to->kind;
	__u16 len = sizeof(struct tcphdr) + kind->optlen;
	__u16 pseudo[2] = { htons(IPPROTO_TCP), htons(len) };
	__u8 *at = w->frame + template_tcp_at(to);
	struct tcphdr *tcp = (void *)at;
	__u8 *opts = at + sizeof(*tcp);

	tcp->dest = to->port;
	tcp->doff = len / 4;
	at[13] = kind->flags;
	tcp->window = htons(kind->window);
	memcpy(opts, kind->opts, kind->optlen);
	if (to->ipv6 && kind->optlen)
		opts[3] -= 20; /* as much longer is the header: 1440 */
	if (kind->tsval_at)
		w->tsval_at = opts + kind->tsval_at - w->frame;
	w->tcp_sum = template_sum(w->tcp_sum, pseudo, sizeof(pseudo));
	w->tcp_sum = template_sum(w->tcp_sum, at, len);
}

static inline void template_build(const struct target *to, struct wire *w)
{
	struct ethhdr *eth = (void *)w->frame;

	memset(w, 0, sizeof(*w));
	w->len = template_tcp_at(to) + sizeof(struct tcphdr) + to->kind->optlen;
	memcpy(eth->h_dest, to->dst_mac, ETH_ALEN);
	memcpy(eth->h_source, to->src_mac, ETH_ALEN);
	eth->h_proto = htons(to->ipv6 ? ETH_P_IPV6 : ETH_P_IP);
	if (to->ipv6)
		template_ip6(to, w);
	else
		template_ip4(to, w);
	template_tcp(to, w);
}

#endif
