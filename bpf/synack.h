/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a SYN-ACK over the SYN that it answers: addresses turned round, IP
 * and TCP headers new, both checksums summed from the words as they are
 * written. Pure: the frame already has the right length.
 *
 * IP options, extension headers and payload of the SYN have no answer.
 */
#ifndef SYNWARD_SYNACK_H
#define SYNWARD_SYNACK_H

#include "cookie.h"
#include "csum.h"
#include "packet.h"

#define SYNACK_TTL 64 /* Linux's default, net.ipv4.ip_default_ttl */
#define SYNACK_OPTION_WORDS 5

/* What the SYN-ACK says; everything in host byte order. */
struct synack {
	struct cookie cookie;
	struct cookie_options client; /* what the cookie holds of its offer */
	__u32 tsecr;                  /* the client's TSval */
	__u16 mss;                    /* ours */
	__u16 window;
	__u8 wscale;   /* ours, if the client scales */
	bool unsummed; /* whoever sends it finishes its TCP checksum */
};

struct synack_options {
	__be32 word[SYNACK_OPTION_WORDS];
	__u32 words;
};

/* Layouts of Linux, so that SACK-permitted rides in the padding of others. */
static __always_inline void synack_options(const struct synack *s,
					   struct synack_options *o)
{
	bool scaled = s->client.wscale != TCPOPT_WSCALE_NONE;
	__u32 n = 0;

	o->word[n++] = bpf_htonl(0x02040000 | s->mss);
	if (s->client.timestamps) {
		o->word[n++] = s->client.sack ? bpf_htonl(0x0402080a) :
						bpf_htonl(0x0101080a);
		o->word[n++] = bpf_htonl(s->cookie.tsval);
		o->word[n++] = bpf_htonl(s->tsecr);
	} else if (s->client.sack) {
		o->word[n++] = bpf_htonl(0x01010402);
	}
	if (scaled)
		o->word[n++] = bpf_htonl(0x01030300 | s->wscale);
	o->words = n;
}

/* Bytes from the IP header to the end of the SYN-ACK. */
static __always_inline __u32 synack_len(const struct packet *p,
					const struct synack_options *o)
{
	return (p->version == 4 ? sizeof(struct iphdr) :
				  sizeof(struct ipv6hdr)) +
	       sizeof(struct tcphdr) + o->words * 4;
}

static __always_inline void synack_ethernet(struct ethhdr *eth)
{
	__u16 *half = (__u16 *)eth; /* both are as long as three of these */

	for (int i = 0; i < 3; i++) {
		__u16 to = half[i];

		half[i] = half[i + 3];
		half[i + 3] = to;
	}
}

/*
 * Was the SYN's TCP checksum left to whoever puts it on a wire, which no wire
 * has seen yet (CHECKSUM_PARTIAL: from a neighbouring guest or container)? Then
 * its field holds the pseudo-header's sum, which a whole checksum does once in
 * 65,536 times. Not asked behind IP options or extension headers: the kernel
 * remembers where the TCP header was.
 */
static __always_inline bool synack_unsummed(const void *data, const void *end,
					    const struct packet *p)
{
	bool tagged = p->l2_len != sizeof(struct ethhdr);
	const void *ip =
		data + sizeof(struct ethhdr) + (tagged ? PACKET_VLAN_LEN : 0);
	__u32 ip_len = p->version == 4 ? sizeof(struct iphdr) :
					 sizeof(struct ipv6hdr);
	const struct tcphdr *tcp = ip + ip_len;
	__u32 tcp_len;
	__u64 sum;

	if (p->tcp_at != p->l2_len + ip_len || (const void *)(tcp + 1) > end)
		return false;
	if (p->version == 4)
		tcp_len =
			bpf_ntohs(((const struct iphdr *)ip)->tot_len) - ip_len;
	else
		tcp_len = bpf_ntohs(((const struct ipv6hdr *)ip)->payload_len);
	sum = csum_words(p->saddr, 4) + csum_words(p->daddr, 4) +
	      bpf_htonl(PACKET_IPPROTO_TCP << 16 | tcp_len);
	return tcp->check == (__sum16)~csum_fold(sum);
}

/* Both IP writers return the TCP checksum's pseudo-header sum. */
static __always_inline __u64 synack_ip4(struct iphdr *ip,
					const struct packet *p, __u32 tcp_len)
{
	__u32 *word = (__u32 *)ip;
	__u64 addresses = (__u64)p->saddr[0] + p->daddr[0];

	word[0] = bpf_htonl(0x45000000 | (sizeof(*ip) + tcp_len));
	word[1] = bpf_htonl(0x00004000); /* DF, id 0 (RFC 6864) */
	word[2] = bpf_htonl(SYNACK_TTL << 24 | PACKET_IPPROTO_TCP << 16);
	word[3] = p->daddr[0];
	word[4] = p->saddr[0];
	ip->check = csum_fold(csum_words(word, 3) + addresses);
	return addresses + bpf_htonl(PACKET_IPPROTO_TCP << 16 | tcp_len);
}

static __always_inline __u64 synack_ip6(struct ipv6hdr *ip,
					const struct packet *p, __u32 tcp_len)
{
	__u32 *word = (__u32 *)ip;

	word[0] = bpf_htonl(0x60000000);
	word[1] =
		bpf_htonl(tcp_len << 16 | PACKET_IPPROTO_TCP << 8 | SYNACK_TTL);
	__builtin_memcpy(&ip->saddr, p->daddr, sizeof(ip->saddr));
	__builtin_memcpy(&ip->daddr, p->saddr, sizeof(ip->daddr));
	return csum_words(p->saddr, 4) + csum_words(p->daddr, 4) +
	       bpf_htonl(PACKET_IPPROTO_TCP << 16 | tcp_len);
}

/* Sums and writes the header without its checksum; options follow it. */
static __always_inline __u64 synack_tcp(__u32 *word, const struct packet *p,
					const struct synack *s, __u32 tcp_len)
{
	__u32 flags = TCP_SYN | TCP_ACK | (s->client.ecn ? TCP_ECE : 0);

	word[0] = (__u32)p->sport << 16 | p->dport;
	word[1] = bpf_htonl(s->cookie.isn);
	word[2] = bpf_htonl(p->seq + 1);
	word[3] = bpf_htonl(tcp_len << 26 | flags << 16 | s->window);
	word[4] = 0;
	return csum_words(word, 4);
}

/* What nearly all clients get has five words. False if they do not fit. */
static __always_inline bool synack_put_options(__u32 *to, void *end,
					       const struct synack_options *o,
					       __u64 *sum)
{
	if (likely(o->words == SYNACK_OPTION_WORDS)) {
		if ((void *)(to + SYNACK_OPTION_WORDS) > end)
			return false;
		for (int i = 0; i < SYNACK_OPTION_WORDS; i++)
			to[i] = o->word[i];
		*sum += csum_words(o->word, SYNACK_OPTION_WORDS);
		return true;
	}
	for (__u32 i = 0; i < SYNACK_OPTION_WORDS - 1; i++, to++) {
		if (i >= o->words)
			break;
		if ((void *)(to + 1) > end)
			return false;
		*to = o->word[i];
		*sum += o->word[i];
	}
	return true;
}

/*
 * data, end: the frame, already of p's l2_len and synack_len(). p: the SYN,
 * parsed before the frame was resized: only its values are read. Returns
 * false, with the frame spoilt, if it is too short after all.
 */
static __always_inline bool synack_write(void *data, void *end,
					 const struct packet *p,
					 const struct synack *s,
					 const struct synack_options *o)
{
	bool tagged = p->l2_len != sizeof(struct ethhdr);
	void *ip =
		data + sizeof(struct ethhdr) + (tagged ? PACKET_VLAN_LEN : 0);
	__u32 tcp_len = sizeof(struct tcphdr) + o->words * 4;
	struct tcphdr *tcp;
	__u64 sum, pseudo;

	if (likely(p->version == 4)) {
		tcp = ip + sizeof(struct iphdr);
		if ((void *)(tcp + 1) > end)
			return false;
		pseudo = synack_ip4(ip, p, tcp_len);
	} else {
		tcp = ip + sizeof(struct ipv6hdr);
		if ((void *)(tcp + 1) > end)
			return false;
		pseudo = synack_ip6(ip, p, tcp_len);
	}
	sum = pseudo + synack_tcp((__u32 *)tcp, p, s, tcp_len);
	if (!synack_put_options((__u32 *)(tcp + 1), end, o, &sum))
		return false;
	tcp->check = s->unsummed ? ~csum_fold(pseudo) : csum_fold(sum);
	synack_ethernet(data);
	return true;
}

#endif
