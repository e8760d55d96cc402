/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In TC, behind XDP: which packet shall become a socket, and which has to wait
 * for one.
 */
#ifndef SYNWARD_TC_H
#define SYNWARD_TC_H

#include "accept.h"
#include "ack.h"
#include "leave.h"
#include "parse.h"
#include "service.h"
#include "validated.h"

/* Headers that a driver left outside the linear part are fetched once. */
static __always_inline enum sw_reason tc_parse(struct __sk_buff *skb,
					       struct packet *p)
{
	int reason = parse_tc(skb, p);

	if (likely(reason != SW_MALFORMED))
		return reason;
	if (bpf_skb_pull_data(skb, skb->len))
		return SW_MALFORMED;
	return parse_tc(skb, p);
}

/*
 * Marks a packet that came without mark, as XDP did or would have: where a
 * driver has no metadata, XDP's verdict does not get here, and has to be found
 * once more. False if it is none of ours; what was bad XDP has dropped.
 */
static __always_inline bool tc_unmarked(struct __sk_buff *skb,
					struct leave_mark *mark)
{
	struct env env = { .config = maps_config() };
	struct cookie_options o = {};
	struct listener l = {};
	struct sw_keyring *keys;
	struct tcpopt opt = {};
	struct sw_moment *m;
	struct packet p = {};

	if (skb->pkt_type != PACKET_HOST || !env.config || tc_parse(skb, &p) ||
	    service_find(&p, &env) ||
	    (p.flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_ACK ||
	    service_idle(&env) ||
	    moment_find_tc(skb, &p, env.now_ns, &l) != LISTENER_FOUND)
		return false;
	m = moment_at(&l);
	keys = maps_keys(env.config);
	if (!m || !keys || !parse_options_tc(skb, &p, &opt))
		return false;
	mark->service = env.service;
	if (cookie_check(keys, &p, &opt, env.now_ns, &o) &&
	    !accept_before(&p, o.unseen, env.now_ns) &&
	    !validated_handed(&p, env.now_ns)) {
		ack_mark(mark, &env, &p, m, &opt, &o);
		validated_hand(&p, env.now_ns);
		return true;
	}
	mark->kind = LEAVE_MARK_FOLLOWS;
	return validated_recently(&p, env.now_ns);
}

/*
 * Does the packet bear out the mark that it is valid? A neighbour's packets can
 * come with metadata that XDP is shown none of, and the magic might be guessed
 * (Linux 6.18: set in an XDP program, redirected by tc). What opens a
 * connection is the cookie alone; the mark says which packets to look at. (A
 * cookie that dies between XDP and TC, within microseconds, counts as forged.)
 */
static __always_inline bool tc_acknowledges(struct __sk_buff *skb,
					    const struct packet *p,
					    struct cookie_options *o)
{
	const struct sw_config *config = maps_config();
	struct sw_keyring *keys = config ? maps_keys(config) : NULL;
	struct tcpopt opt = {};

	return keys && parse_options_tc(skb, p, &opt) &&
	       cookie_check(keys, p, &opt, maps_now(config), o);
}

/* mark is a copy: fetching headers moves the packet. */
static __always_inline enum sw_reason tc_marked(struct __sk_buff *skb,
						struct leave_mark *mark)
{
	struct cookie_options o = {};
	struct packet p = {};

	if (mark->kind == LEAVE_MARK_FOLLOWS && !leave_looped(skb))
		return SW_TC_LOOPED;
	if (tc_parse(skb, &p))
		return SW_TC_UNREADABLE;
	if (mark->kind == LEAVE_MARK_FOLLOWS)
		return accept_has_child(skb, &p) ? SW_TC_SOCKET_EXISTS :
						   SW_TC_NO_CHILD;
	if (!tc_acknowledges(skb, &p, &o))
		return SW_TC_FORGED;
	return accept_socket(skb, &p, &mark->attrs, o.unseen);
}

#endif
