// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * floor.bpf.c - the least that any defence in XDP must do per packet
 *
 * Knows: where the flood's sources lie (plan.h's default), and how a frame
 * turns round.
 * Does not know: TCP. Whatever does not come from the flood goes to the stack,
 * so that clients measure the cable and the CPUs but no defence.
 *
 * - floor_tx answers: addresses swapped, nothing else; both sums stay right.
 * - floor_drop reads as much and lets go.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* 198.18.0.0/15 */
static __always_inline bool flood4(const struct iphdr *ip)
{
	return (ip->saddr & bpf_htonl(0xfffe0000)) == bpf_htonl(0xc6120000);
}

/* 2001:db8:ffff::/48 */
static __always_inline bool flood6(const struct ipv6hdr *ip)
{
	return ip->saddr.s6_addr32[0] == bpf_htonl(0x20010db8) &&
	       ip->saddr.s6_addr16[2] == bpf_htons(0xffff);
}

/* 4, 6, or 0 for what is not of the flood */
static __always_inline int flood_version(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data,
	     *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;

	if (data + ETH_HLEN + sizeof(struct iphdr) > end)
		return 0;
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		return flood4(data + ETH_HLEN) ? 4 : 0;
	if (eth->h_proto != bpf_htons(ETH_P_IPV6) ||
	    data + ETH_HLEN + sizeof(struct ipv6hdr) > end)
		return 0;
	return flood6(data + ETH_HLEN) ? 6 : 0;
}

static __always_inline void swap_macs(struct ethhdr *eth)
{
	__u8 mac[ETH_ALEN];

	__builtin_memcpy(mac, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, mac, ETH_ALEN);
}

static __always_inline void swap4(struct iphdr *ip)
{
	__be32 addr = ip->saddr;

	ip->saddr = ip->daddr;
	ip->daddr = addr;
}

static __always_inline void swap6(struct ipv6hdr *ip)
{
	struct in6_addr addr = ip->saddr;

	ip->saddr = ip->daddr;
	ip->daddr = addr;
}

SEC("xdp.frags")
int floor_tx(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data,
	     *end = (void *)(long)ctx->data_end;
	int version = flood_version(ctx);

	if (!version || data + ETH_HLEN + sizeof(struct iphdr) > end)
		return XDP_PASS;
	if (version == 4)
		swap4(data + ETH_HLEN);
	else if (data + ETH_HLEN + sizeof(struct ipv6hdr) <= end)
		swap6(data + ETH_HLEN);
	swap_macs(data);
	return XDP_TX;
}

SEC("xdp.frags")
int floor_drop(struct xdp_md *ctx)
{
	return flood_version(ctx) ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "GPL";
