// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A neighbour's program that puts metadata of its own in front of frames and
 * hands them on to another of its interfaces: in XDP, or as skbs in TC.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define FORGE_CUT 64  /* makes headroom, or veth copies the skb without it */
#define FORGE_WORDS 7 /* as long as struct leave_mark */

const volatile __u32 forge_to;
const volatile __u32 forge_mark[FORGE_WORDS];

static __always_inline int forge(struct xdp_md *ctx)
{
	__u32 *meta;

	if (bpf_xdp_adjust_head(ctx, FORGE_CUT) ||
	    bpf_xdp_adjust_meta(ctx, -(int)sizeof(forge_mark)))
		return -1;
	meta = (void *)(long)ctx->data_meta;
	if ((void *)(meta + FORGE_WORDS) > (void *)(long)ctx->data)
		return -1;
	for (int i = 0; i < FORGE_WORDS; i++)
		meta[i] = forge_mark[i];
	return 0;
}

SEC("xdp")
int forge_xdp(struct xdp_md *ctx)
{
	return forge(ctx) ? XDP_DROP : bpf_redirect(forge_to, 0);
}

SEC("xdp")
int forge_pass(struct xdp_md *ctx)
{
	return forge(ctx) ? XDP_DROP : XDP_PASS;
}

SEC("tc")
int forge_tc(struct __sk_buff *skb)
{
	return bpf_redirect(forge_to, 0);
}

char forge_license[] SEC("license") = "GPL";
