// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * synward in the kernel: a packet's life, from the top.
 *
 *	XDP	what is it, for which service?
 *		SYN: whose is it, shall it be challenged? -> SYN-ACK with a cookie
 *		ACK: whose is it, is it our cookie? -> mark it for TC
 *	TC	marked -> have the kernel make the socket
 *	later	the socket is there -> its cookie is used up (made.h)
 *
 * Stages return SW_GO_ON or the reason why the packet leaves; leave.h is the
 * door. bpf/README.md tells it with pictures.
 */
#include "ack.h"
#include "env.h"
#include "known.h"
#include "leave.h"
#include "made.h"
#include "maps.h"
#include "parse.h"
#include "service.h"
#include "syn.h"
#include "tc.h"
#include "totals.h"

static __always_inline enum sw_reason segment(struct xdp_md *ctx,
					      struct env *env)
{
	struct packet p = {};
	enum sw_reason reason;

	reason = parse_xdp(ctx, &p) ?: service_find(&p, env);
	if (reason)
		return reason;
	if ((p.flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
		reason = syn(ctx, env, &p);
		service_found_listener(env, bpf_ntohs(p.dport));
		return reason;
	}
	if (likely(service_idle(env)))
		return SW_SERVICE_IDLE;
	if ((p.flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_ACK)
		return SW_NOT_EXAMINED;
	if (known_is(&p, env->now_ns))
		return SW_ACK_HAS_SOCKET;
	return ack(ctx, env, &p);
}

static __always_inline int packet_arrives(struct xdp_md *ctx, bool skb)
{
	struct env env = { .config = maps_config(), .skb = skb };
	enum sw_reason reason = SW_GO_ON;

	leave_unmark(ctx);
	if (env.config)
		reason = segment(ctx, &env);
	/* most of what a server gets: straight on, and out */
	if (likely(reason == SW_SERVICE_IDLE))
		return leave_xdp(&env, SW_SERVICE_IDLE);
	return leave_xdp(&env, leave_would(&env, reason));
}

/* frags: or interfaces with jumbo frames refuse to attach it. */
SEC("xdp.frags")
int sw_xdp(struct xdp_md *ctx)
{
	return packet_arrives(ctx, false);
}

/*
 * Generic mode takes frames of any size, but where a program can do frags it
 * copies each packet and loses the metadata's bytes (Linux 6.18: the length
 * reaches TC, the content is other memory). So it gets one that cannot.
 * And what it sends back is the skb that came, which remembers whether its
 * checksum is still to be finished.
 */
SEC("xdp")
int sw_xdp_generic(struct xdp_md *ctx)
{
	return packet_arrives(ctx, true);
}

SEC("tc")
int sw_tc(struct __sk_buff *skb)
{
	const struct leave_mark *found = leave_mark_of(skb);
	struct leave_mark mark = {};

	if (unlikely(found)) {
		leave_saw_mark();
		mark = *found;
	} else if (likely(!leave_marks_get_lost()) ||
		   !tc_unmarked(skb, &mark)) {
		return leave_tc(skb, SW_SERVICE_NONE, SW_TC_UNMARKED);
	}
	return leave_tc(skb, mark.service, tc_marked(skb, &mark));
}

char sw_license[] SEC("license") = "GPL";
