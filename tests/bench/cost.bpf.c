// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cost.bpf.c - what stands around a program whose cost is measured
 *
 * BPF_PROG_TEST_RUN gives back neither the bytes nor the length that a program
 * changed, so that plain repetition measures one SYN and a million of its own
 * SYN-ACKs. cost_measured() writes the frame anew, as the next of so many
 * flows, and tail-calls what is in slot 0; cost_nothing() does the same with
 * slot 1, where cost_empty() stays: the difference is what a program costs.
 *
 * Knows: where in a frame what differs from flow to flow lies. Does not know
 * what a frame is.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define WORDS 16
#define FLOWS 65536
#define AT_MASK 0x7f
#define PORT_MIN 1024

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2); /* measured, empty */
	__type(key, __u32);
	__type(value, __u32);
} cost_next SEC(".maps");

/* Filled by user space before each measurement. */
struct {
	__u64 frame[WORDS];
	__u64 last8; /* its last 8 bytes once more: it ends in no whole word */
	__u32 len;   /* in bytes */
	__u32 flow_mask;
	__u32 source_at; /* the source address' last word */
	__u32 port_at;
	__u32 ack_at;   /* 0: the same for all flows; and so the next */
	__u32 tsecr_at; /* 0: no timestamps */
} cost_frame;

/* What each flow acknowledges, network byte order. */
struct {
	__be32 ack;
	__be32 tsecr;
} cost_acks[FLOWS];

__u32 cost_flow; /* the last one's number */

/* Time is taken every so many packets: on a shared machine the quickest of many
 * short slices is what nobody disturbed. */
#define SLICE 1024

struct {
	__u64 began_ns; /* 0 before the first whole one */
	__u64 least_ns;
} cost_slice;

static __always_inline void slice_ends(void)
{
	__u64 now = bpf_ktime_get_ns(), took = now - cost_slice.began_ns;

	if (cost_slice.began_ns && took < cost_slice.least_ns)
		cost_slice.least_ns = took;
	cost_slice.began_ns = now;
}

static __always_inline void put32(void *data, void *end, __u32 at, __be32 word)
{
	__be32 *to = data + (at & AT_MASK);

	if ((void *)(to + 1) <= end)
		*to = word;
}

static __always_inline void put16(void *data, void *end, __u32 at, __be16 word)
{
	__be16 *to = data + (at & AT_MASK);

	if ((void *)(to + 1) <= end)
		*to = word;
}

static __always_inline void put_frame(void *data, void *end)
{
	__u64 *word = data, *last = data + ((cost_frame.len - 8) & AT_MASK);

	for (__u32 i = 0; i < WORDS; i++, word++) {
		if ((void *)(word + 1) > end)
			break;
		*word = cost_frame.frame[i];
	}
	if ((void *)(last + 1) <= end)
		*last = cost_frame.last8;
}

static __always_inline void put_flow(void *data, void *end, __u32 flow)
{
	__u32 at = cost_frame.source_at & AT_MASK;
	__be32 *source = data + at;

	if ((void *)(source + 1) <= end)
		*source = bpf_htonl(bpf_ntohl(*source) + flow);
	put16(data, end, cost_frame.port_at,
	      bpf_htons(PORT_MIN + (flow & 0x7fff)));
	if (!cost_frame.ack_at)
		return;
	put32(data, end, cost_frame.ack_at, cost_acks[flow].ack);
	if (cost_frame.tsecr_at)
		put32(data, end, cost_frame.tsecr_at, cost_acks[flow].tsecr);
}

static __always_inline bool fresh(struct xdp_md *ctx)
{
	__u32 flow = ++cost_flow & cost_frame.flow_mask & (FLOWS - 1);

	if (!(cost_flow % SLICE))
		slice_ends();
	void *data, *end;

	/* also by 0, so that it costs the same whatever ran before */
	if (bpf_xdp_adjust_tail(ctx, (int)cost_frame.len -
					     (int)bpf_xdp_get_buff_len(ctx)))
		return false;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	put_frame(data, end);
	put_flow(data, end, flow);
	return true;
}

/* Constant slots: the kernel makes direct jumps of them. */
SEC("xdp.frags")
int cost_measured(struct xdp_md *ctx)
{
	if (fresh(ctx))
		bpf_tail_call(ctx, &cost_next, 0);
	return XDP_ABORTED;
}

SEC("xdp.frags")
int cost_nothing(struct xdp_md *ctx)
{
	if (fresh(ctx))
		bpf_tail_call(ctx, &cost_next, 1);
	return XDP_ABORTED;
}

SEC("xdp.frags")
int cost_empty(struct xdp_md *ctx)
{
	return XDP_PASS;
}

/* The floors: what a program that only drops, or only turns round what is a
 * SYN over IPv4, costs. */
static __always_inline struct tcphdr *floor_syn(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	struct tcphdr *tcp = (void *)(ip + 1);

	if ((void *)(tcp + 1) > (void *)(long)ctx->data_end ||
	    eth->h_proto != bpf_htons(ETH_P_IP) ||
	    ip->protocol != IPPROTO_TCP || !tcp->syn)
		return NULL;
	return tcp;
}

SEC("xdp.frags")
int cost_drop(struct xdp_md *ctx)
{
	return floor_syn(ctx) ? XDP_DROP : XDP_PASS;
}

SEC("xdp.frags")
int cost_reflect(struct xdp_md *ctx)
{
	struct tcphdr *tcp = floor_syn(ctx);
	struct iphdr *ip = (void *)tcp - sizeof(*ip);
	struct ethhdr *eth = (void *)ip - sizeof(*eth);
	unsigned char mac[ETH_ALEN];
	__be16 port;
	__be32 ip4;

	if (!tcp)
		return XDP_PASS;
	__builtin_memcpy(mac, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, mac, ETH_ALEN);
	ip4 = ip->saddr;
	ip->saddr = ip->daddr;
	ip->daddr = ip4;
	port = tcp->source;
	tcp->source = tcp->dest;
	tcp->dest = port;
	return XDP_TX;
}

char _license[] SEC("license") = "GPL";
