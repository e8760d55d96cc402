/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks the kernel who a tuple belongs to, and reads from a listener what the
 * answer needs: its queues, for each packet; what its namespace lets it
 * negotiate and the window that it will accept, once in a moment (moment.h).
 */
#ifndef SYNWARD_LISTENER_H
#define SYNWARD_LISTENER_H

#include "maps.h"
#include "packet.h"
#include "tcpopt.h"
#include <bpf/bpf_core_read.h>

#define LISTENER_RCVBUF_LOCK 2      /* SOCK_RCVBUF_LOCK: SO_RCVBUF was set */
#define LISTENER_COOKIE_SECONDS 120 /* TCP_SYNCOOKIE_VALID */

/* A listener as this packet found it; the rest is in its struct sw_moment. */
struct listener {
	__u64 id;        /* the kernel's address of it: a name, no more */
	__u32 half_open; /* requests in its queue */
	__u32 accepted;  /* connections that wait for accept() */
	__u32 backlog;   /* bound of either queue */
	__u32 overflow; /* jiffies when the kernel last used cookies; 0 never */
	__u32 slot;     /* of its moment, see moment.h */
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
					    struct sw_moment *m)
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

	m->space = u32_min(space, clamp);
	m->window_max = ns->sysctl_tcp_workaround_signed_windows ? 32767 :
								   65535;
	m->window_mss = 0;
	m->wscale = most >> 16 ? u32_min(listener_log2(most) - 15,
					 TCPOPT_WSCALE_MAX) :
				 0;
}

/* Most clients have the same MSS, and a division costs. */
static __always_inline __u16 listener_first_window(struct sw_moment *m,
						   __u16 mss)
{
	__u32 space = m->space;

	if (likely(mss && mss == m->window_mss))
		return m->window;
	if (mss && space > mss)
		space -= space % mss;
	m->window = u32_min(space, m->window_max);
	m->window_mss = mss;
	return m->window;
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
					  struct listener *l)
{
	const struct sock *sk = (const struct sock *)tp;

	l->id = (__u64)tp;
	l->half_open = tp->inet_conn.icsk_accept_queue.qlen.counter;
	l->accepted = sk->sk_ack_backlog;
	l->backlog = sk->sk_max_ack_backlog;
	l->overflow = listener_overflow(tp, sk);
}

static __always_inline const struct netns_ipv4 *
listener_sysctls(const struct tcp_sock *tp)
{
	const struct sock *sk = (const struct sock *)tp;

	return &sk->__sk_common.skc_net.net->ipv4;
}

static __always_inline bool listener_may_sack(const struct tcp_sock *tp)
{
	return listener_sysctls(tp)->sysctl_tcp_sack;
}

/* What it, and its namespace, let clients have. */
static __always_inline void listener_offer(const struct tcp_sock *tp,
					   const struct sw_config *config,
					   struct sw_moment *m)
{
	const struct sock *sk = (const struct sock *)tp;
	const struct netns_ipv4 *ns = listener_sysctls(tp);

	m->net = (__u64)sk->__sk_common.skc_net.net;
	m->user_mss = tp->rx_opt.user_mss;
	m->may_wscale = ns->sysctl_tcp_window_scaling;
	m->may_sack = ns->sysctl_tcp_sack;
	m->may_timestamps = ns->sysctl_tcp_timestamps;
	m->may_ecn = ns->sysctl_tcp_ecn;
	m->mptcp = bpf_core_field_exists(tp->is_mptcp) && tp->is_mptcp;
	m->has_keys = listener_has_keys(tp);
	listener_window(tp, sk, ns, config, m);
}

/* What the kernel knows of a tuple. */
enum listener_found {
	LISTENER_NONE,    /* nobody */
	LISTENER_SOCKET,  /* a connection, TIME_WAIT: not ours */
	LISTENER_REQUEST, /* a handshake that the kernel has begun */
	LISTENER_FOUND,
};

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
