// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sends prepared frames out of an interface in one batch, as live frames: the
 * receiver finds all of them in one run of its NAPI. Run once per frame.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define INJECT_FRAMES 64
#define INJECT_MAX 1514

struct inject_frame {
	__u32 len;
	unsigned char data[INJECT_MAX + 2];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, INJECT_FRAMES);
	__type(key, __u32);
	__type(value, struct inject_frame);
} frames SEC(".maps");

__u32 next;

SEC("xdp")
int inject(struct xdp_md *ctx)
{
	__u32 i = __sync_fetch_and_add(&next, 1);
	struct inject_frame *frame = bpf_map_lookup_elem(&frames, &i);
	__u32 len;

	if (!frame)
		return XDP_DROP;
	len = frame->len;
	if (len < 14 || len > INJECT_MAX)
		return XDP_DROP;
	if (bpf_xdp_adjust_tail(ctx, len - bpf_xdp_get_buff_len(ctx)) ||
	    bpf_xdp_store_bytes(ctx, 0, frame->data, len))
		return XDP_DROP;
	return XDP_TX;
}

char inject_license[] SEC("license") = "GPL";
