// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pass.bpf.c - the attacker's end of the veth pair
 *
 * Knows: the addresses of the stage that tests/lib/netns.sh builds.
 * Does not know: what is tried there; what is for them goes to the stack.
 *
 * Answers to invented sources end here. On a real network they go to other
 * machines; here their way through the attacker's stack is paid from the same
 * cores, and would be charged to the server. There are two forms because each
 * is cheap for one kind of answer only (kernel's SYN cookies on one core:
 * nothing here 328,000/s, XDP 407,000/s, TC 495,000/s):
 * - xdp for frames that a server's XDP program sent. veth delivers those only
 *   to an end with an XDP program, but copies an skb before it shows it to one.
 * - tc for the skbs of a server without.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* TCP to other than 192.0.2.0/24 */
static __always_inline bool invented4(const struct iphdr *ip)
{
	return ip->protocol == IPPROTO_TCP &&
	       (ip->daddr & bpf_htonl(0xffffff00)) != bpf_htonl(0xc0000200);
}

/* TCP to other than 2001:db8:1::/64 */
static __always_inline bool invented6(const struct ipv6hdr *ip)
{
	return ip->nexthdr == IPPROTO_TCP &&
	       (ip->daddr.s6_addr32[0] != bpf_htonl(0x20010db8) ||
		ip->daddr.s6_addr32[1] != bpf_htonl(0x00010000));
}

/* For a source that somebody made up: not for this end of the cable. */
static __always_inline bool invented(const void *data, const void *end)
{
	const struct ethhdr *eth = data;
	const void *ip = eth + 1;

	if (ip + sizeof(struct iphdr) > end)
		return false;
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		return invented4(ip);
	if (ip + sizeof(struct ipv6hdr) > end)
		return false;
	return eth->h_proto == bpf_htons(ETH_P_IPV6) && invented6(ip);
}

SEC("xdp")
int pass_frame(struct xdp_md *ctx)
{
	return invented((void *)(long)ctx->data, (void *)(long)ctx->data_end) ?
		       XDP_DROP :
		       XDP_PASS;
}

SEC("tc")
int pass_skb(struct __sk_buff *skb)
{
	return invented((void *)(long)skb->data, (void *)(long)skb->data_end) ?
		       TC_ACT_SHOT :
		       TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
