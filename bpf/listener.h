/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks the kernel who a tuple belongs to, and reads from a listener what the
 * answer needs: its queues, what its namespace lets it negotiate, and the
 * window that it will accept. All of it live, in XDP, nothing remembered.
 */
#ifndef SYNWARD_LISTENER_H
#define SYNWARD_LISTENER_H

#include "maps.h"
#include "packet.h"
#include "tcpopt.h"
#include <bpf/bpf_core_read.h>

#define LISTENER_RCVBUF_LOCK 2      /* SOCK_RCVBUF_LOCK: SO_RCVBUF was set */
#define LISTENER_COOKIE_SECONDS 120 /* TCP_SYNCOOKIE_VALID */

/* A listener as we found it. */
struct listener {
	__u64 id;         /* the kernel's address of it: a name, no more */
	__u64 net;        /* and of its namespace */
	__u32 half_open;  /* requests in its queue */
	__u32 accepted;   /* connections that wait for accept() */
	__u32 backlog;    /* bound of either queue */
	__u32 space;      /* bytes that its receive buffer has room for */
	__u32 window_max; /* and what a first window may say */
	__u32 overflow; /* jiffies when the kernel last used cookies; 0 never */
	__u16 user_mss; /* TCP_MAXSEG, 0 = none */
	__u8 wscale;    /* to announce */
	bool may_wscale; /* the namespace's sysctls */
	bool may_sack;
	bool may_timestamps;
	bool may_ecn;
	bool mptcp;
	bool has_keys; /* TCP-MD5 or TCP-AO */
	/* of LISTENER_REQUEST, and nothing else then */
	__u32 client_isn;
	__u32 kernel_isn;
};

static __always_inline struct bpf_sock *listener_lookup(void *ctx,
							const struct packet *p)
{
	struct bpf_sock_tuple t = {};

	if (likely(p->version == 4)) {
		t.ipv4.saddr = p->saddr[0];
		t.ipv4.daddr = p->daddr[0];
		t.ipv4.sport = p->sport;
		t.ipv4.dport = p->dport;
		return bpf_skc_lookup_tcp(ctx, &t, sizeof(t.ipv4),
					  BPF_F_CURRENT_NETNS, 0);
	}
	__builtin_memcpy(t.ipv6.saddr, p->saddr, sizeof(p->saddr));
	__builtin_memcpy(t.ipv6.daddr, p->daddr, sizeof(p->daddr));
	t.ipv6.sport = p->sport;
	t.ipv6.dport = p->dport;
	return bpf_skc_lookup_tcp(ctx, &t, sizeof(t.ipv6), BPF_F_CURRENT_NETNS,
				  0);
}

/* floor(log2(x)) for x > 0 */
static __always_inline __u32 listener_log2(__u32 x)
{
	__u32 log = 0;

	for (int shift = 16; shift; shift >>= 1) {
		if (x >> shift) {
			log += shift;
			x >>= shift;
		}
	}
	return log;
}

/*
 * The window and its scale as the kernel will choose them for the socket that
 * it makes of our cookie: tcp_full_space(), the clamp of cookie_v4_check(),
 * and tcp_select_initial_window() (net/ipv4/tcp_output.c), of which
 * listener_first_window() is the part that needs the connection's MSS. What a
 * route says of window, initrwnd and advmss we do not see.
 */
static __always_inline void listener_window(const struct tcp_sock *tp,
					    const struct sock *sk,
					    const struct netns_ipv4 *ns,
					    const struct sw_config *config,
					    struct listener *l)
{
	__u32 space = (__u64)sk->sk_rcvbuf * tp->scaling_ratio >> 8;
	__u32 clamp = tp->window_clamp;
	__u32 most;

	if ((BPF_CORE_READ_BITFIELD(sk, sk_userlocks) & LISTENER_RCVBUF_LOCK) &&
	    (clamp > space || !clamp))
		clamp = space;
	if (!clamp)
		clamp = 65535U << TCPOPT_WSCALE_MAX;
	most = u32_max(ns->sysctl_tcp_rmem[2], config->rmem_max);
	most = u32_min(u32_max(most, space), clamp);

	l->space = u32_min(space, clamp);
	l->window_max = ns->sysctl_tcp_workaround_signed_windows ? 32767 :
								   65535;
	l->wscale = most >> 16 ? u32_min(listener_log2(most) - 15,
					 TCPOPT_WSCALE_MAX) :
				 0;
}

static __always_inline __u16 listener_first_window(const struct listener *l,
						   __u16 mss)
{
	__u32 space = l->space;

	if (mss && space > mss)
		space -= space % mss;
	return u32_min(space, l->window_max);
}

/* When the kernel last answered with cookies of its own for this listener;
 * a reuseport group keeps that in common (tcp_synq_overflow). */
static __always_inline __u32 listener_overflow(const struct tcp_sock *tp,
					       const struct sock *sk)
{
	const struct sock_reuseport *group = sk->sk_reuseport_cb;

	return group ? group->synq_overflow_ts : tp->rx_opt.ts_recent_stamp;
}

static __always_inline bool listener_has_keys(const struct tcp_sock *tp)
{
	return (bpf_core_field_exists(tp->md5sig_info) && tp->md5sig_info) ||
	       (bpf_core_field_exists(tp->ao_info) && tp->ao_info);
}

static __always_inline void listener_read(const struct tcp_sock *tp,
					  const struct sw_config *config,
					  struct listener *l)
{
	const struct sock *sk = (const struct sock *)tp;
	const struct netns_ipv4 *ns = &sk->__sk_common.skc_net.net->ipv4;

	l->id = (__u64)tp;
	l->net = (__u64)sk->__sk_common.skc_net.net;
	l->half_open = tp->inet_conn.icsk_accept_queue.qlen.counter;
	l->accepted = sk->sk_ack_backlog;
	l->backlog = sk->sk_max_ack_backlog;
	l->overflow = listener_overflow(tp, sk);
	l->user_mss = tp->rx_opt.user_mss;
	l->may_wscale = ns->sysctl_tcp_window_scaling;
	l->may_sack = ns->sysctl_tcp_sack;
	l->may_timestamps = ns->sysctl_tcp_timestamps;
	l->may_ecn = ns->sysctl_tcp_ecn;
	l->mptcp = bpf_core_field_exists(tp->is_mptcp) && tp->is_mptcp;
	l->has_keys = listener_has_keys(tp);
	listener_window(tp, sk, ns, config, l);
}

/* What the kernel knows of a tuple. */
enum listener_found {
	LISTENER_NONE,    /* nobody */
	LISTENER_SOCKET,  /* a connection, TIME_WAIT: not ours */
	LISTENER_REQUEST, /* a handshake that the kernel has begun */
	LISTENER_FOUND,
};

static __always_inline enum listener_found
listener_read_any(struct bpf_sock *sk, const struct sw_config *config,
		  struct listener *l)
{
	struct tcp_request_sock *request;
	struct tcp_sock *tp;

	if (sk->state == BPF_TCP_LISTEN) {
		tp = bpf_skc_to_tcp_sock(sk);
		if (!tp)
			return LISTENER_SOCKET;
		listener_read(tp, config, l);
		return LISTENER_FOUND;
	}
	if (sk->state == BPF_TCP_NEW_SYN_RECV) {
		request = bpf_skc_to_tcp_request_sock(sk);
		if (!request)
			return LISTENER_SOCKET;
		l->client_isn = request->rcv_isn;
		l->kernel_isn = request->snt_isn;
		return LISTENER_REQUEST;
	}
	return LISTENER_SOCKET;
}

static __always_inline enum listener_found
listener_ask(void *ctx, const struct packet *p, struct listener *l)
{
	struct sw_config *config = maps_config();
	enum listener_found found;
	struct bpf_sock *sk;

	if (!p || !l || !config)
		return LISTENER_NONE;
	sk = listener_lookup(ctx, p);
	if (!sk)
		return LISTENER_NONE;
	found = listener_read_any(sk, config, l);
	bpf_sk_release(sk);
	return found;
}

/*
 * Looks the segment's tuple up and, if a listener would get it, reads it.
 * bpf_skc_lookup_tcp, because bpf_sk_lookup_tcp shows a half-open request as
 * its listener. Returns enum listener_found. Global: proved once for each kind
 * of program.
 */
__noinline int listener_find(struct xdp_md *ctx, const struct packet *p,
			     struct listener *l)
{
	return listener_ask(ctx, p, l);
}

__noinline int listener_find_tc(struct __sk_buff *skb, const struct packet *p,
				struct listener *l)
{
	return listener_ask(skb, p, l);
}

/* As sk_acceptq_is_full(): more than, or listen(0) would never connect. */
static __always_inline bool listener_accept_full(const struct listener *l)
{
	return l->accepted > l->backlog;
}

/* As !tcp_synq_no_recent_overflow(): may an ACK be the kernel's cookie? */
static __always_inline bool listener_kernel_cookies(const struct listener *l)
{
	return l->overflow && (__u32)bpf_jiffies64() - l->overflow <=
				      LISTENER_COOKIE_SECONDS * load.hz;
}

#endif
