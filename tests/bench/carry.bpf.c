// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * carry.bpf.c - the least that programs can do with carried traffic
 *
 * Of the same kinds as synward's: native XDP with frags, because veth treats
 * large packets otherwise where a program cannot do those; and tcx. So what
 * remains between the two is synward's own cost, not that of XDP on veth.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define TCX_NEXT (-1) /* Debian 12's headers know no tcx */

SEC("xdp.frags")
int carry_on(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("tc")
int carry_skb(struct __sk_buff *skb)
{
	return TCX_NEXT;
}

char _license[] SEC("license") = "GPL";
