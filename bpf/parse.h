/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames to struct packet and struct tcpopt, for XDP and for TC. What many
 * packets need is inlined: parsing by a call took 6 ns more. The rest is proved
 * once for its kind of program, not once for each path that leads out of it:
 * inlined, the verifier gives up after a million steps.
 */
#ifndef SYNWARD_PARSE_H
#define SYNWARD_PARSE_H

#include "packet.h"
#include "tcpopt.h"

static __always_inline void *parse_frame(struct xdp_md *ctx)
{
	return (void *)(long)ctx->data;
}

static __always_inline void *parse_frame_end(struct xdp_md *ctx)
{
	return (void *)(long)ctx->data_end;
}

static __always_inline int parse_xdp(struct xdp_md *ctx, struct packet *p)
{
	void *data = parse_frame(ctx), *end = parse_frame_end(ctx);
	int reason;

	if (!p)
		return SW_GO_ON;
	reason = packet_parse(data, end, p);
	if (likely(reason || packet_fits(p, end - data)))
		return reason;
	/* the rest of it may be in fragments */
	return packet_fits(p, bpf_xdp_get_buff_len(ctx)) ? SW_GO_ON :
							   SW_MALFORMED;
}

__noinline int parse_any_options(struct xdp_md *ctx, const struct packet *p,
				 struct tcpopt *o)
{
	return p && o &&
	       tcpopt_any(p, parse_frame(ctx), parse_frame_end(ctx), o);
}

/* The common layouts without a call. */
static __always_inline bool
parse_options(struct xdp_md *ctx, const struct packet *p, struct tcpopt *o)
{
	return likely(tcpopt_quick(p, parse_frame(ctx), parse_frame_end(ctx),
				   o)) ||
	       parse_any_options(ctx, p, o);
}

__noinline int parse_options_tc(struct __sk_buff *skb, const struct packet *p,
				struct tcpopt *o)
{
	return p && o &&
	       tcpopt_parse(p, (void *)(long)skb->data,
			    (void *)(long)skb->data_end, o);
}

__noinline int parse_tc(struct __sk_buff *skb, struct packet *p)
{
	int reason;

	if (!p)
		return SW_GO_ON;
	reason = packet_parse((void *)(long)skb->data,
			      (void *)(long)skb->data_end, p);
	return reason || packet_fits(p, skb->len) ? reason : SW_MALFORMED;
}

#endif
