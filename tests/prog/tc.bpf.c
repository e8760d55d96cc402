/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts metadata of the test's choice in front of every frame, because
 * BPF_PROG_TEST_RUN of a sched_cls program refuses any: EINVAL for a context
 * with data, data_end or data_meta (Linux 6.18).
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define MARK_WORDS 7

__u32 mark[MARK_WORDS];
__u32 words; /* of mark; 0 = no metadata */

SEC("xdp")
int put_mark(struct xdp_md *ctx)
{
	__u32 *to;

	if (!words)
		return XDP_PASS;
	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(mark)))
		return XDP_DROP;
	to = (void *)(long)ctx->data_meta;
	if ((void *)(to + MARK_WORDS) > (void *)(long)ctx->data)
		return XDP_DROP;
	for (int i = 0; i < MARK_WORDS; i++)
		to[i] = mark[i];
	return XDP_PASS;
}

char tc_license[] SEC("license") = "GPL";
