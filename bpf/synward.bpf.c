// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * synward in the kernel: a packet's life, from the top.
 *
 *	XDP	what is it, for which service?
 *		SYN: whose is it, shall it be challenged? -> SYN-ACK with a cookie
 *		ACK: whose is it, is it our cookie? -> mark it for TC
 *	TC	marked -> have the kernel make the socket
 *
 * Stages return SW_GO_ON or the reason why the packet leaves; leave.h is the
 * door. bpf/README.md tells it with pictures.
 */
#include "types.h"

#include "accept.h"
#include "cookie.h"
#include "env.h"
#include "gates.h"
#include "kernelcookie.h"
#include "leave.h"
#include "listener.h"
#include "local.h"
#include "made.h"
#include "maps.h"
#include "nat.h"
#include "packet.h"
#include "rst.h"
#include "service.h"
#include "synack.h"
#include "tcpopt.h"
#include "totals.h"
#include "validated.h"

static __always_inline void *frame(struct xdp_md *ctx)
{
	return (void *)(long)ctx->data;
}

static __always_inline void *frame_end(struct xdp_md *ctx)
{
	return (void *)(long)ctx->data_end;
}

/*
 * Parsing is proved once for each kind of program, not once for each path
 * that leads out of it: inlined, the verifier gives up after a million steps.
 */
__noinline int parse_xdp(struct xdp_md *ctx, struct packet *p)
{
	if (!p)
		return SW_GO_ON;
	return packet_parse(frame(ctx), frame_end(ctx),
			    bpf_xdp_get_buff_len(ctx), p);
}

__noinline int parse_options(struct xdp_md *ctx, const struct packet *p,
			     struct tcpopt *o)
{
	return p && o && tcpopt_parse(p, frame(ctx), frame_end(ctx), o);
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

/* More than a client sends in one go before its first segment is acknowledged;
 * far less than sequence numbers of two SYNs on a tuple lie apart. */
#define ACK_FLIGHT_MAX (1 << 20)

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
	s.unsummed = env->skb && synack_unsummed(frame(ctx), frame_end(ctx), p);
	synack_options(&s, &options);
	if (!leave_resize(ctx, p->l2_len + synack_len(p, &options)) ||
	    !synack_write(frame(ctx), frame_end(ctx), p, &s, &options))
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
	       const struct listener *l, const struct sw_keyring *keys)
{
	__u32 behind = p->seq - (l->client_isn + 1);
	struct cookie_options o = {};
	struct tcpopt opt = {};

	if (likely(p->ack_seq == l->kernel_isn + 1) || behind > ACK_FLIGHT_MAX)
		return SW_ACK_HAS_SOCKET;
	p->seq = l->client_isn + 1;
	if (!keys || !parse_options(ctx, p, &opt) ||
	    !cookie_check(keys, p, &opt, env->now_ns, &o))
		return SW_ACK_HAS_SOCKET;
	if (behind || !rst_write(frame(ctx), frame_end(ctx), p))
		return SW_ACK_BEHIND_REQUEST;
	return SW_ACK_ENDS_REQUEST;
}

/* What TC needs to know of a valid ACK. */
static __always_inline void
mark_valid(struct leave_mark *mark, const struct env *env,
	   const struct packet *p, const struct listener *l,
	   const struct tcpopt *opt, const struct cookie_options *o)
{
	validated_remember(p, env->now_ns);
	mark->kind = LEAVE_MARK_VALID;
	accept_attrs(o, opt, l, env->now_ns, &mark->attrs);
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

	switch (listener_find(ctx, p, &l)) {
	case LISTENER_NONE:
		return SW_ACK_NO_LISTENER;
	case LISTENER_SOCKET:
		return SW_ACK_HAS_SOCKET;
	case LISTENER_REQUEST:
		return ack_on_request(ctx, env, p, &l, keys);
	default:
		break;
	}
	reason = local_check(ctx, p, env->now_ns);
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
		mark_valid(&mark, env, p, &l, &opt, &o);
		reason = SW_ACK_VALID;
	}
	if (listener_accept_full(&l))
		return SW_ACK_ACCEPT_FULL;
	leave_set_mark(ctx, &mark);
	return reason;
}

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
	if (service_idle(env))
		return SW_SERVICE_IDLE;
	if ((p.flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_ACK)
		return ack(ctx, env, &p);
	return SW_NOT_EXAMINED;
}

static __always_inline int packet_arrives(struct xdp_md *ctx, bool skb)
{
	struct env env = { .config = maps_config(), .skb = skb };
	enum sw_reason reason = SW_GO_ON;

	leave_unmark(ctx);
	if (env.config) {
		env.mode = *(volatile __u32 *)&env.config->mode;
		reason = segment(ctx, &env);
	}
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
static __always_inline bool unmarked(struct __sk_buff *skb,
				     struct leave_mark *mark)
{
	struct env env = { .config = maps_config() };
	struct cookie_options o = {};
	struct listener l = {};
	struct sw_keyring *keys;
	struct tcpopt opt = {};
	struct packet p = {};

	if (skb->pkt_type != PACKET_HOST || !env.config || tc_parse(skb, &p) ||
	    service_find(&p, &env) ||
	    (p.flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_ACK ||
	    service_idle(&env) ||
	    listener_find_tc(skb, &p, &l) != LISTENER_FOUND)
		return false;
	keys = maps_keys(env.config);
	if (!keys || !parse_options_tc(skb, &p, &opt))
		return false;
	mark->service = env.service;
	if (cookie_check(keys, &p, &opt, env.now_ns, &o) &&
	    !accept_before(&p, o.unseen, env.now_ns) &&
	    !validated_handed(&p, env.now_ns)) {
		mark_valid(mark, &env, &p, &l, &opt, &o);
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
 * connection is the cookie alone; the mark says which packets to look at.
 */
static __always_inline bool acknowledges(struct __sk_buff *skb,
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
static __always_inline enum sw_reason marked(struct __sk_buff *skb,
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
	if (!acknowledges(skb, &p, &o))
		return SW_TC_FORGED;
	return accept_socket(skb, &p, &mark->attrs, o.unseen);
}

SEC("tc")
int sw_tc(struct __sk_buff *skb)
{
	const struct leave_mark *found = leave_mark_of(skb);
	struct leave_mark mark = {};

	if (unlikely(found)) {
		leave_saw_mark();
		mark = *found;
	} else if (likely(!leave_marks_get_lost()) || !unmarked(skb, &mark)) {
		return leave_tc(skb, SW_SERVICE_NONE, SW_TC_UNMARKED);
	}
	return leave_tc(skb, mark.service, marked(skb, &mark));
}

char sw_license[] SEC("license") = "GPL";
