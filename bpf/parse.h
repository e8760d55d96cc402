/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames to struct packet and struct tcpopt, for XDP and for TC. Each is proved
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

__noinline int parse_xdp(struct xdp_md *ctx, struct packet *p)
{
	if (!p)
		return SW_GO_ON;
	return packet_parse(parse_frame(ctx), parse_frame_end(ctx),
			    bpf_xdp_get_buff_len(ctx), p);
}

__noinline int parse_options(struct xdp_md *ctx, const struct packet *p,
			     struct tcpopt *o)
{
	return p && o &&
	       tcpopt_parse(p, parse_frame(ctx), parse_frame_end(ctx), o);
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
	if (!p)
		return SW_GO_ON;
	return packet_parse((void *)(long)skb->data,
			    (void *)(long)skb->data_end, skb->len, p);
}

#endif
