/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one door: counts why a packet leaves, and knows what each reason does.
 * Nothing else in bpf/ names an XDP or TC action, or changes a frame's length
 * or metadata.
 */
#ifndef SYNWARD_LEAVE_H
#define SYNWARD_LEAVE_H

#include "env.h"
#include "maps.h"

#define LEAVE_ACT(NAME, name, act, ...) SW_ACT_##act,
#define LEAVE_ACT_WOULD(...) SW_ACT_PASS,

/* Not static: clang would merge a small table into .rodata.cst16, which
 * libbpf 1.1 refuses. */
const __u8 leave_acts[SW_REASONS] = {
	SW_ACT_PASS, SW_REASON_TABLE(LEAVE_ACT, LEAVE_ACT_WOULD)
};

/* Metadata from XDP to TC, in front of the frame: 32 bytes is all that
 * kernels before 6.6 give. */
struct leave_mark {
	__u32 magic;
	__u16 service;
	__u16 kind; /* enum leave_mark_kind */
	struct bpf_tcp_req_attrs attrs;
};

_Static_assert(sizeof(struct leave_mark) <= 32, "more than some drivers take");

enum leave_mark_kind {
	LEAVE_MARK_VALID = 1, /* make a socket of attrs */
	LEAVE_MARK_FOLLOWS,   /* its socket is being made */
};

/* In skb->tc_index: came round once. Not in the metadata: a program that may
 * write to packets gets a prologue which copies every skb that somebody, a
 * packet socket for one, has cloned, and the copy has no metadata. */
#define LEAVE_LOOPED 0x5759

static __always_inline bool leave_looped(const struct __sk_buff *skb)
{
	return skb->tc_index == LEAVE_LOOPED;
}

static __always_inline void leave_count(__u32 service, enum sw_reason reason)
{
	struct sw_reasons *counters =
		bpf_map_lookup_elem(&sw_reasons, &service);
	__u32 none = SW_SERVICE_NONE;

	if (unlikely(!counters)) /* of a forged mark */
		counters = bpf_map_lookup_elem(&sw_reasons, &none);
	if (counters && reason < SW_REASONS)
		((__u64 *)counters)[reason]++;
}

static __always_inline enum sw_act leave_act(enum sw_reason reason)
{
	return reason < SW_REASONS ? leave_acts[reason] : SW_ACT_PASS;
}

static __always_inline enum sw_reason leave_would(const struct env *env,
						  enum sw_reason reason)
{
	if (reason >= SW_SYN_ANSWERED && reason < SW_WOULD_SYN_ANSWERED &&
	    !env_acts(env))
		return reason + SW_WOULD;
	return reason;
}

static __always_inline int leave_xdp(const struct env *env,
				     enum sw_reason reason)
{
	leave_count(env->service, reason);
	switch (leave_act(reason)) {
	case SW_ACT_ANSWER:
		return XDP_TX;
	case SW_ACT_DROP:
		return XDP_DROP;
	default:
		return XDP_PASS;
	}
}

static __always_inline int leave_tc(struct __sk_buff *skb, __u32 service,
				    enum sw_reason reason)
{
	leave_count(service, reason);
	switch (leave_act(reason)) {
	case SW_ACT_LOOP:
		skb->tc_index = LEAVE_LOOPED;
		return bpf_redirect(skb->ifindex, BPF_F_INGRESS);
	case SW_ACT_DROP:
		return TCX_DROP;
	default:
		/* Not TCX_PASS, which hides the packet from later programs. */
		return TCX_NEXT;
	}
}

/* Makes the frame len bytes long. Packet pointers are void afterwards. */
static __always_inline bool leave_resize(struct xdp_md *ctx, __u32 len)
{
	int by = len - bpf_xdp_get_buff_len(ctx);

	return !by || !bpf_xdp_adjust_tail(ctx, by);
}

/* Metadata that somebody else left must not reach TC as if it were ours. */
static __always_inline void leave_unmark(struct xdp_md *ctx)
{
	int len = ctx->data - ctx->data_meta;

	if (unlikely(len > 0))
		bpf_xdp_adjust_meta(ctx, len);
}

/* Pointers are void afterwards. Where the driver has no room for metadata, TC
 * is told that it must look for itself. */
static __always_inline void leave_set_mark(struct xdp_md *ctx,
					   const struct leave_mark *mark)
{
	struct sw_iface *iface = maps_iface();
	struct leave_mark *to;

	if (unlikely(!iface))
		return;
	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*mark))) {
		iface->no_room = 1;
		return;
	}
	to = (void *)(long)ctx->data_meta;
	if ((void *)(to + 1) > (void *)(long)ctx->data)
		return;
	*to = *mark;
	if (unlikely(!iface->marks_set))
		iface->marks_set = 1;
}

/* Our mark on a packet in TC, or NULL. */
static __always_inline const struct leave_mark *
leave_mark_of(struct __sk_buff *skb)
{
	const struct leave_mark *mark = (void *)(long)skb->data_meta;

	if ((void *)(mark + 1) > (void *)(long)skb->data ||
	    mark->magic != load.magic)
		return NULL;
	return mark;
}

/* In TC, on a packet with a mark: so they arrive here. */
static __always_inline void leave_saw_mark(void)
{
	struct sw_iface *iface = maps_iface();

	if (iface && unlikely(!iface->marks_seen))
		iface->marks_seen = 1;
}

/* May a packet without mark be one that XDP found valid? Where the driver had
 * no room for it, or takes marks and never hands one on. */
static __always_inline bool leave_marks_get_lost(void)
{
	const struct sw_iface *iface = maps_iface();

	return iface && unlikely(iface->no_room |
				 (iface->marks_set & !iface->marks_seen));
}

#endif
