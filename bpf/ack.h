/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of a segment that may bring a cookie back: whose is it, is it our
 * cookie, good and unused? Then it gets a mark for TC. XDP only.
 */
#ifndef SYNWARD_ACK_H
#define SYNWARD_ACK_H

#include "accept.h"
#include "kernelcookie.h"
#include "known.h"
#include "leave.h"
#include "moment.h"
#include "parse.h"
#include "rst.h"
#include "validated.h"

/* More than a client sends in one go before its first segment is acknowledged;
 * far less than sequence numbers of two SYNs on a tuple lie apart. */
#define ACK_FLIGHT_MAX (1 << 20)

/* Not a cookie that is good now. The kernel's? One of ours that was? */
static __always_inline enum sw_reason
ack_stranger(struct env *env, const struct packet *p, const struct listener *l,
	     const struct tcpopt *opt, const struct sw_keyring *keys)
{
	if (listener_kernel_cookies(l) && kernelcookie_check(p))
		return SW_ACK_KERNEL_COOKIE;
	if (validated_may_look_back(env->now_ns) &&
	    cookie_check_old(keys, p, opt, env->now_ns))
		return SW_ACK_OLD;
	return SW_ACK_BAD;
}

/*
 * The kernel has begun a handshake on this tuple. If this acknowledges our
 * SYN-ACK instead, to the same SYN, then that SYN was sent again after the gate
 * had opened: see rst.h. What follows the first segment must not get to the
 * kernel either, or it would reset the client; the request says whose it is.
 * In a batch the request is still there when XDP looks, and gone at IP.
 */
static __always_inline enum sw_reason
ack_on_request(struct xdp_md *ctx, struct env *env, struct packet *p,
	       const struct listener *l, const struct sw_keyring *keys,
	       struct tcpopt *opt, struct cookie_options *o)
{
	__u32 behind = p->seq - (l->client_isn + 1);

	if (likely(p->ack_seq == l->kernel_isn + 1) || behind > ACK_FLIGHT_MAX)
		return SW_ACK_HAS_SOCKET;
	p->seq = l->client_isn + 1;
	if (!keys || !parse_options(ctx, p, opt) ||
	    !cookie_check(keys, p, opt, env->now_ns, o))
		return SW_ACK_HAS_SOCKET;
	if (behind || !rst_write(parse_frame(ctx), parse_frame_end(ctx), p))
		return SW_ACK_BEHIND_REQUEST;
	return SW_ACK_ENDS_REQUEST;
}

/* What TC needs to know of a valid ACK. */
static __always_inline void
ack_mark(struct leave_mark *mark, const struct env *env, const struct packet *p,
	 const struct sw_moment *m, const struct tcpopt *opt,
	 const struct cookie_options *o)
{
	validated_remember(p, env->now_ns);
	mark->kind = LEAVE_MARK_VALID;
	accept_attrs(o, opt, m, env->now_ns, &mark->attrs);
}

/*
 * Not inlined, as syn() is not: the two never run for the same packet, but in
 * one function clang gives each its own part of the 512 bytes of stack
 * ("combined stack size of 2 calls is 560. Too large", clang 14).
 */
static __noinline enum sw_reason ack(struct xdp_md *ctx, struct env *env,
				     struct packet *p)
{
	struct leave_mark mark = { .magic = load.magic,
				   .service = env->service };
	struct sw_keyring *keys = maps_keys(env->config);
	struct cookie_options o = {};
	enum sw_reason reason;
	struct listener l = {};
	struct tcpopt opt = {};
	struct sw_moment *m;

	env_settle(env);
	switch (moment_find(ctx, p, env->now_ns, &l)) {
	case LISTENER_NONE:
		return SW_ACK_NO_LISTENER;
	case LISTENER_SOCKET:
		known_remember(p, env->now_ns);
		return SW_ACK_HAS_SOCKET;
	case LISTENER_REQUEST:
		return ack_on_request(ctx, env, p, &l, keys, &opt, &o);
	default:
		break;
	}
	m = moment_at(&l);
	if (!m)
		return SW_GO_ON;
	reason = moment_place(ctx, p, m);
	if (reason)
		return reason;
	if (validated_recently(p, env->now_ns)) {
		mark.kind = LEAVE_MARK_FOLLOWS;
		reason = SW_ACK_FOLLOWS;
	} else {
		if (!keys || !parse_options(ctx, p, &opt))
			return SW_MALFORMED;
		if (!cookie_check(keys, p, &opt, env->now_ns, &o))
			return ack_stranger(env, p, &l, &opt, keys);
		if (accept_before(p, o.unseen, env->now_ns))
			return SW_ACK_REPLAYED;
		ack_mark(&mark, env, p, m, &opt, &o);
		reason = SW_ACK_VALID;
	}
	if (listener_accept_full(&l))
		return SW_ACK_ACCEPT_FULL;
	leave_set_mark(ctx, &mark);
	return reason;
}

#endif
