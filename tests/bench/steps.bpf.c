// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * steps.bpf.c - what of sw_xdp's cost is not for synward to save
 *
 * Each program does one step of a packet's way and nothing else: the kernel's
 * lookup of who a tuple belongs to, the MAC, and the clock. Frames are TCP over
 * IPv4 without IP options, as cost.c makes them.
 */
#include "siphash.h"

#define STEPS_SADDR_AT 26 /* and behind it daddr, the ports, the ISN */

/* The tuple as it lies in the frame. */
static __always_inline struct bpf_sock_tuple *tuple(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;

	if (data + STEPS_SADDR_AT + 16 > (void *)(long)ctx->data_end)
		return NULL;
	return data + STEPS_SADDR_AT;
}

SEC("xdp.frags")
int steps_lookup(struct xdp_md *ctx)
{
	struct bpf_sock_tuple *in_frame = tuple(ctx), t = {};
	struct bpf_sock *sk;

	if (!in_frame)
		return XDP_ABORTED;
	__builtin_memcpy(&t.ipv4, in_frame, sizeof(t.ipv4));
	sk = bpf_skc_lookup_tcp(ctx, &t, sizeof(t.ipv4), BPF_F_CURRENT_NETNS,
				0);
	if (!sk)
		return XDP_DROP;
	bpf_sk_release(sk);
	return XDP_PASS;
}

const volatile struct sw_key key = { 1, 2 };

SEC("xdp.frags")
int steps_siphash(struct xdp_md *ctx)
{
	struct sw_key k = { key.k0, key.k1 };
	__u64 *message = (void *)tuple(ctx);

	if (!message)
		return XDP_ABORTED;
	return siphash(&k, message, 2, ctx->ingress_ifindex, 7) & 1 ? XDP_PASS :
								      XDP_DROP;
}

SEC("xdp.frags")
int steps_clock(struct xdp_md *ctx)
{
	return bpf_ktime_get_coarse_ns() & 1 ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "GPL";
