// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A bad cable: at a client's end, loses, holds or doubles the segments that
 * cable.c names. What it holds it hands over, and cable.c sends it later.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "cable.h"

#define CABLE_NEXT -1 /* TCX_NEXT, which Debian 12's headers lack */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} caught SEC(".maps");

struct cable_rule rules[CABLE_RULES];
__u32 rules_used;

/* Offset of the TCP header and its length with all behind it; false if there
 * is none. */
static __always_inline bool tcp_find(struct __sk_buff *skb, __u32 *offset,
				     __u32 *len)
{
	struct ipv6hdr ip6;
	struct iphdr ip;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)))
			return false;
		*offset = ETH_HLEN + ip.ihl * 4;
		*len = bpf_ntohs(ip.tot_len) - ip.ihl * 4;
		return ip.protocol == IPPROTO_TCP;
	}
	if (skb->protocol != bpf_htons(ETH_P_IPV6) ||
	    bpf_skb_load_bytes(skb, ETH_HLEN, &ip6, sizeof(ip6)))
		return false;
	*offset = ETH_HLEN + sizeof(ip6);
	*len = bpf_ntohs(ip6.payload_len);
	return ip6.nexthdr == IPPROTO_TCP;
}

/* enum cable_kind; CABLE_ANY: none of the others, or no TCP */
static __always_inline __u32 kind_of(struct __sk_buff *skb)
{
	__u32 offset, len;
	struct tcphdr tcp;

	if (!tcp_find(skb, &offset, &len) ||
	    bpf_skb_load_bytes(skb, offset, &tcp, sizeof(tcp)) || tcp.rst)
		return CABLE_ANY;
	if (tcp.syn)
		return tcp.ack ? CABLE_SYNACK : CABLE_SYN;
	if (tcp.fin)
		return CABLE_FIN;
	return len > tcp.doff * 4 ? CABLE_DATA : CABLE_ACK;
}

/* The first rule that applies; rules_used if none does. */
static __always_inline __u32 rule_find(__u32 kind)
{
	__u32 i;

	for (i = 0; i < CABLE_RULES && i < rules_used; i++) {
		bool any = rules[i].kind == CABLE_ANY && kind != CABLE_SYNACK;

		if (!rules[i].times || (rules[i].kind != kind && !any))
			continue;
		if (rules[i].act != CABLE_DELAY)
			__sync_fetch_and_sub(&rules[i].times, 1);
		break;
	}
	return i;
}

/* False if there was no room: then it was not caught. */
static __always_inline bool hand_over(struct __sk_buff *skb, __u32 rule)
{
	struct cable_caught *c;
	__u32 len = skb->len;

	if (len < ETH_HLEN || len > CABLE_FRAME_MAX)
		return false;
	c = bpf_ringbuf_reserve(&caught, sizeof(*c), 0);
	if (!c)
		return false;
	c->rule = rule;
	c->len = len;
	if (bpf_skb_load_bytes(skb, 0, c->frame, len)) {
		bpf_ringbuf_discard(c, 0);
		return false;
	}
	bpf_ringbuf_submit(c, 0);
	return true;
}

static __always_inline int apply(struct __sk_buff *skb, __u32 rule)
{
	if (rule >= CABLE_RULES || !hand_over(skb, rule))
		return CABLE_NEXT;
	if (rules[rule].act != CABLE_TWICE)
		return TC_ACT_SHOT;
	/* the copy comes by here, too: times has been counted down before */
	bpf_clone_redirect(skb, skb->ifindex, 0);
	return CABLE_NEXT;
}

SEC("tc")
int cable_out(struct __sk_buff *skb)
{
	__u32 rule = rule_find(kind_of(skb));

	return rule < rules_used ? apply(skb, rule) : CABLE_NEXT;
}

SEC("tc")
int cable_in(struct __sk_buff *skb)
{
	__u32 kind = kind_of(skb), rule;

	if (kind != CABLE_SYNACK)
		return CABLE_NEXT;
	rule = rule_find(kind);
	return rule < rules_used ? apply(skb, rule) : CABLE_NEXT;
}

char cable_license[] SEC("license") = "GPL";
