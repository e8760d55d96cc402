/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A SYN's way: whose is it, shall it be challenged? Then it becomes a SYN-ACK
 * with a cookie. XDP only.
 */
#ifndef SYNWARD_SYN_H
#define SYNWARD_SYN_H

#include "accept.h"
#include "gates.h"
#include "leave.h"
#include "local.h"
#include "nat.h"
#include "parse.h"
#include "service.h"
#include "synack.h"

/* Writes the SYN-ACK over the SYN. */
static __always_inline enum sw_reason
syn_answer(struct xdp_md *ctx, struct env *env, const struct packet *p,
	   const struct listener *l, const struct tcpopt *opt, __u32 mtu)
{
	struct sw_keyring *keys = maps_keys(env->config);
	struct synack_options options = {};
	struct synack s = { .tsecr = opt->tsval };

	if (!keys)
		return SW_GO_ON;
	accept_offer(p, opt, l, &s.client);
	cookie_make(keys, p, env->now_ns, &s.client, &s.cookie);
	service_issued_cookie(env);
	if (!env_acts(env))
		return SW_SYN_ANSWERED;

	accept_announce(p, l, mtu, &s);
	s.unsummed = env->skb &&
		     synack_unsummed(parse_frame(ctx), parse_frame_end(ctx), p);
	synack_options(&s, &options);
	if (!leave_resize(ctx, p->l2_len + synack_len(p, &options)) ||
	    !synack_write(parse_frame(ctx), parse_frame_end(ctx), p, &s,
			  &options))
		return SW_SYN_NO_ROOM;
	return SW_SYN_ANSWERED;
}

static __always_inline enum sw_reason syn_challenge(struct xdp_md *ctx,
						    struct env *env,
						    const struct packet *p,
						    const struct listener *l)
{
	struct tcpopt opt = {};

	/* Not passed: with accept_local or route_localnet the kernel would
	 * take them, and a flood of them would fill its queue. */
	if (local_bad_source(p, env->now_ns))
		return SW_SYN_BAD_SOURCE;
	if (listener_accept_full(l))
		return SW_SYN_ACCEPT_FULL;
	if (!parse_options(ctx, p, &opt))
		return SW_MALFORMED;
	if (unlikely(opt.signature))
		return l->has_keys ? SW_SYN_SIGNED : SW_SYN_UNSIGNABLE;
	return syn_answer(ctx, env, p, l, &opt, local_device(ctx)->mtu);
}

static __noinline enum sw_reason syn(struct xdp_md *ctx, struct env *env,
				     const struct packet *p)
{
	enum sw_reason reason;
	struct listener l = {};

	if (p->flags & (TCP_FIN | TCP_RST))
		return SW_SYN_BAD_FLAGS;
	if (env->mode == SW_MODE_OFF || maps_draining())
		return SW_SYN_OFF;

	switch (listener_find(ctx, p, &l)) {
	case LISTENER_NONE:
		return SW_SYN_NO_LISTENER;
	case LISTENER_SOCKET:
	case LISTENER_REQUEST:
		return SW_SYN_HAS_SOCKET;
	default:
		env->listening = true;
	}
	env->now_ns = maps_now(env->config);
	/* first, or what is for others would press the gate */
	reason = local_check(ctx, p, env->now_ns) ?: gates_syn(env, p, &l);
	if (reason)
		return reason;
	if (l.mptcp)
		return SW_SYN_MPTCP;
	if (nat_resets(env, p, &l))
		return SW_SYN_NAT;
	return syn_challenge(ctx, env, p, &l);
}

#endif
