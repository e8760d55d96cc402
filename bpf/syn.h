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
#include "moment.h"
#include "parse.h"
#include "service.h"
#include "synack.h"

/* Writes the SYN-ACK over the SYN. */
static __always_inline enum sw_reason
syn_answer(struct xdp_md *ctx, struct env *env, const struct packet *p,
	   struct sw_moment *m, const struct tcpopt *opt)
{
	struct sw_keyring *keys = maps_keys(env->config);
	struct synack_options options = {};
	struct synack s = { .tsecr = opt->tsval,
			    .mss = m->mss,
			    .wscale = m->wscale };

	if (!keys)
		return SW_GO_ON;
	accept_offer(p, opt, m, &s.client);
	cookie_make(keys, p, env->now_ns, &s.client, &s.cookie);
	service_issued_cookie(env);
	if (!env_acts(env))
		return SW_SYN_ANSWERED;

	s.window = listener_first_window(m, s.client.mss);
	s.unsummed = env->skb &&
		     synack_unsummed(parse_frame(ctx), parse_frame_end(ctx), p);
	synack_options(&s, &options);
	if (!leave_resize(ctx, p->l2_len + synack_len(p, &options)) ||
	    !synack_write(parse_frame(ctx), parse_frame_end(ctx), p, &s,
			  &options))
		return SW_SYN_NO_ROOM;
	return SW_SYN_ANSWERED;
}

static __always_inline enum sw_reason
syn_challenge(struct xdp_md *ctx, struct env *env, const struct packet *p,
	      const struct listener *l, struct sw_moment *m)
{
	struct tcpopt opt = {};

	/* Not passed: with accept_local or route_localnet the kernel would
	 * take them, and a flood of them would fill its queue. */
	if (local_bad_source(p, m->local_filter, env->now_ns))
		return SW_SYN_BAD_SOURCE;
	if (listener_accept_full(l))
		return SW_SYN_ACCEPT_FULL;
	if (!parse_options(ctx, p, &opt))
		return SW_MALFORMED;
	if (unlikely(opt.signature))
		return m->has_keys ? SW_SYN_SIGNED : SW_SYN_UNSIGNABLE;
	return syn_answer(ctx, env, p, m, &opt);
}

static __noinline enum sw_reason syn(struct xdp_md *ctx, struct env *env,
				     const struct packet *p)
{
	enum sw_reason reason;
	struct listener l = {};
	struct sw_moment *m;

	if (!service_protected(env))
		return SW_PORT_UNPROTECTED;
	if (p->flags & (TCP_FIN | TCP_RST))
		return SW_SYN_BAD_FLAGS;
	env_settle(env);
	if (env->mode == SW_MODE_OFF || maps_draining())
		return SW_SYN_OFF;

	env->now_ns = maps_now(env->config);
	switch (moment_find(ctx, p, env->now_ns, &l)) {
	case LISTENER_NONE:
		return SW_SYN_NO_LISTENER;
	case LISTENER_SOCKET:
	case LISTENER_REQUEST:
		return SW_SYN_HAS_SOCKET;
	default:
		env->listening = true;
	}
	m = moment_at(&l);
	if (!m)
		return SW_GO_ON;
	/* first, or what is for others would press the gate */
	reason = moment_place(ctx, p, m) ?: gates_syn(env, p, &l, m);
	if (reason)
		return reason;
	if (unlikely(m->mptcp))
		return SW_SYN_MPTCP;
	if (unlikely(m->nat_resets) && !env->config->despite_nat)
		return SW_SYN_NAT;
	return syn_challenge(ctx, env, p, &l, m);
}

#endif
