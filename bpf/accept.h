/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the connection shall have. accept_offer() settles it when the SYN
 * comes, accept_attrs() says the same to the kernel when the ACK comes back,
 * and accept_socket() has the kernel make the socket (TC only).
 */
#ifndef SYNWARD_ACCEPT_H
#define SYNWARD_ACCEPT_H

#include "consumed.h"
#include "cookie.h"
#include "made.h"
#include "maps.h"
#include "moment.h"
#include "rst.h"
#include "synack.h"

/*
 * A round trip longer than the first SYN timeout (RFC 6298 2.1) would have
 * had the SYN sent again, and of a retransmission no sample is taken (Karn).
 * It may also be the cookie's time that wrapped.
 */
#define ACCEPT_RTT_MAX_MS 1000

/* A TSecr so far back that tcp_rtt_tsopt_us() takes no sample: 2^31 us. */
#define ACCEPT_NO_RTT_MS 2147484

extern int bpf_sk_assign_tcp_reqsk(struct __sk_buff *skb, struct sock *sk,
				   struct bpf_tcp_req_attrs *attrs,
				   int attrs__sz) __ksym __weak;

/*
 * RFC 3168 6.1.1.1: a client that can ECN sends both flags, in a SYN that is
 * not marked ECT. One that is was marked by somebody on the way, and his bits
 * are no congestion signal; unless a reserved flag says that the client means
 * it (tcp_ecn_create_request).
 */
static __always_inline bool accept_wants_ecn(const struct packet *p)
{
	return (p->flags & (TCP_ECE | TCP_CWR)) == (TCP_ECE | TCP_CWR) &&
	       (!p->ip_ecn || p->tcp_reserved);
}

/* The client's offer, less what this listener's namespace does not do. */
static __always_inline void accept_offer(const struct packet *p,
					 const struct tcpopt *syn,
					 const struct sw_moment *m,
					 struct cookie_options *o)
{
	__u32 mss = syn->mss;

	if (m->user_mss)
		mss = u32_min(mss, m->user_mss);
	o->mss = u32_max(mss, cookie_mss_min(p->version));
	o->wscale = m->may_wscale ? syn->wscale : TCPOPT_WSCALE_NONE;
	o->sack = m->may_sack && syn->sack;
	o->timestamps = m->may_timestamps && syn->timestamps;
	o->ecn = m->may_ecn && accept_wants_ecn(p);
}

/*
 * The kernel sets the connection's clock by the TSecr that we hand it, as if
 * the SYN-ACK had left just now. Adding the round trip that we measured makes
 * its first RTT sample right; a TSecr far in the past makes it take none.
 */
static __always_inline __u32 accept_tsecr(__u32 tsecr, __u64 now_ns)
{
	__u32 rtt = cookie_rtt_ms(tsecr, now_ns);

	return tsecr + (rtt <= ACCEPT_RTT_MAX_MS ? rtt : ACCEPT_NO_RTT_MS);
}

static __always_inline void accept_attrs(const struct cookie_options *o,
					 const struct tcpopt *ack,
					 const struct sw_moment *m,
					 __u64 now_ns,
					 struct bpf_tcp_req_attrs *attrs)
{
	bool scaled = o->wscale != TCPOPT_WSCALE_NONE;

	attrs->mss = o->mss;
	attrs->wscale_ok = scaled;
	attrs->snd_wscale = scaled ? o->wscale : 0;
	attrs->rcv_wscale = scaled ? m->wscale : 0;
	attrs->sack_ok = o->sack;
	attrs->ecn_ok = o->ecn;
	attrs->tstamp_ok = o->timestamps;
	if (o->timestamps) {
		attrs->rcv_tsval = ack->tsval;
		attrs->rcv_tsecr = accept_tsecr(ack->tsecr, now_ns);
	}
}

static __always_inline enum sw_reason accept_error(int err)
{
	switch (err) {
	case 0:
		return SW_TC_SOCKET_MADE;
	case -22: /* EINVAL */
		return SW_TC_REFUSED_INVAL;
	case -101: /* ENETUNREACH */
		return SW_TC_REFUSED_NETNS;
	case -12: /* ENOMEM */
		return SW_TC_REFUSED_NOMEM;
	default:
		return SW_TC_REFUSED_OTHER;
	}
}

/* Has this cookie been made a connection already? unseen: cookie_check()'s. */
static __always_inline bool accept_before(const struct packet *p, __u32 unseen,
					  __u64 now_ns)
{
	__u64 cookie = consumed_cookie(unseen, p->ack_seq - 1);
	const struct sw_consumed_bucket *bucket =
		maps_consumed(consumed_bucket(cookie));

	return bucket && consumed_before(bucket, cookie, now_ns);
}

/*
 * The kernel began a handshake of its own between XDP's look and ours: the same
 * as rst_write(), by helpers, for a program that writes directly gets a copy of
 * each packet that somebody else sees, without its metadata.
 */
static __always_inline enum sw_reason accept_end_request(struct __sk_buff *skb,
							 const struct packet *p,
							 struct bpf_sock *sk)
{
	struct tcp_request_sock *request = bpf_skc_to_tcp_request_sock(sk);
	__u32 at = p->tcp_at + RST_WORD_AT;
	__be16 rst = RST_WORD, was;

	if (!request || request->rcv_isn != p->seq - 1)
		return SW_TC_SOCKET_EXISTS; /* of another SYN */
	if (bpf_skb_load_bytes(skb, at, &was, sizeof(was)) ||
	    bpf_l4_csum_replace(skb, p->tcp_at + RST_CHECK_AT, was, rst,
				sizeof(rst)) ||
	    bpf_skb_store_bytes(skb, at, &rst, sizeof(rst), 0))
		return SW_TC_UNREADABLE;
	return SW_TC_ENDS_REQUEST;
}

static __always_inline enum sw_reason
accept_listener(struct __sk_buff *skb, const struct packet *p,
		struct bpf_sock *sk, struct bpf_tcp_req_attrs *attrs,
		__u32 unseen)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	enum sw_reason reason;

	if (!tp)
		return SW_TC_LISTENER_GONE;
	/* The sysctl may have gone off since the SYN: the kernel refuses the
	 * attribute then. Without SACK the connection lives all the same. */
	attrs->sack_ok &= listener_may_sack(tp);
	reason = accept_error(bpf_sk_assign_tcp_reqsk(skb, (struct sock *)tp,
						      attrs, sizeof(*attrs)));
	if (reason == SW_TC_SOCKET_MADE)
		made_hand(consumed_cookie(unseen, p->ack_seq - 1));
	return reason;
}

/* Has the kernel take skb as the ACK of a request with these attributes. */
static __always_inline enum sw_reason
accept_socket(struct __sk_buff *skb, const struct packet *p,
	      struct bpf_tcp_req_attrs *attrs, __u32 unseen)
{
	struct bpf_sock *sk = listener_lookup(skb, p);
	enum sw_reason reason;

	if (!sk)
		return SW_TC_LISTENER_GONE;
	if (sk->state == BPF_TCP_LISTEN)
		reason = accept_listener(skb, p, sk, attrs, unseen);
	else if (sk->state == BPF_TCP_NEW_SYN_RECV)
		reason = accept_end_request(skb, p, sk);
	else
		reason = SW_TC_SOCKET_EXISTS;
	bpf_sk_release(sk);
	return reason;
}

/* Does the kernel have a connection for this segment? A listener is none, nor
 * is a handshake of its own, which would reset our cookie's client. */
static __always_inline bool accept_has_child(struct __sk_buff *skb,
					     const struct packet *p)
{
	struct bpf_sock *sk = listener_lookup(skb, p);
	bool child;

	if (!sk)
		return false;
	child = sk->state != BPF_TCP_LISTEN &&
		sk->state != BPF_TCP_NEW_SYN_RECV;
	bpf_sk_release(sk);
	return child;
}

#endif
