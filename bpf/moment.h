/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What packets of one tick of the coarse clock (4 ms where HZ is 250) have in
 * common: a flood asks the same listener the same questions a thousand times.
 * Who a tuple belongs to, and how full the queues are, is asked for each
 * packet; what the listener offers, whether its address is ours and whether
 * NAT would reset its clients is remembered, per CPU, until the clock ticks. It
 * may change between a SYN-ACK and its ACK anyway.
 *
 * Slots are found by destination and listener, for the members of a
 * SO_REUSEPORT group have gates of their own; two that share one pay for it, no
 * more.
 */
#ifndef SYNWARD_MOMENT_H
#define SYNWARD_MOMENT_H

#include "listener.h"
#include "local.h"
#include "nat.h"

#define MOMENT_SLOT_BITS 10

_Static_assert(SW_MOMENTS == 1 << MOMENT_SLOT_BITS, "a power of two");

/* The address is read back from memory: of a socket in a register the verifier
 * says "32-bit pointer arithmetic prohibited". */
static __always_inline __u32 moment_slot(const struct packet *p,
					 const struct listener *l)
{
	__u64 id = *(const volatile __u64 *)&l->id;
	__u32 mix = p->daddr[0] ^ p->daddr[3] ^ p->dport ^ (__u32)(id >> 6);

	return mix * 0x9e3779b1 >> (32 - MOMENT_SLOT_BITS);
}

/* That of the listener that moment_find() has found. */
static __always_inline struct sw_moment *moment_at(const struct listener *l)
{
	return bpf_map_lookup_elem(&sw_moments, &l->slot);
}

static __always_inline bool moment_holds(const struct sw_moment *m,
					 const struct packet *p, __u64 now_ns,
					 __u64 listener, __u32 ifindex)
{
	return m->now_ns == now_ns && m->listener == listener &&
	       m->ifindex == ifindex && m->version == p->version &&
	       packet_same_address(m->address, p->daddr);
}

static __always_inline void moment_begin(struct sw_moment *m,
					 const struct packet *p, __u64 now_ns,
					 __u64 listener, __u32 ifindex)
{
	m->now_ns = now_ns;
	m->listener = listener;
	m->ifindex = ifindex;
	m->version = p->version;
	__builtin_memcpy(m->address, p->daddr, sizeof(m->address));
	m->pressed = 0;
	m->placed = 0;
}

/* Finds out what does not hold any more. False if there is no place for it. */
static __always_inline bool moment_renew(const struct tcp_sock *tp,
					 const struct packet *p, __u32 ifindex,
					 __u64 now_ns, struct listener *l)
{
	struct sw_config *config;
	struct sw_moment *m;

	l->slot = moment_slot(p, l);
	m = moment_at(l);
	config = maps_config();
	if (!m || !config)
		return false;
	if (likely(moment_holds(m, p, now_ns, l->id, ifindex)))
		return true;
	moment_begin(m, p, now_ns, l->id, ifindex);
	listener_offer(tp, config, m);
	return true;
}

/* What there is to know of a socket, while we hold it. */
static __always_inline enum listener_found
moment_of(struct bpf_sock *sk, const struct packet *p, __u32 ifindex,
	  __u64 now_ns, struct listener *l)
{
	struct tcp_request_sock *request;
	struct tcp_sock *tp;

	if (sk->state == BPF_TCP_LISTEN) {
		tp = bpf_skc_to_tcp_sock(sk);
		if (!tp)
			return LISTENER_SOCKET;
		listener_read(tp, l);
		return moment_renew(tp, p, ifindex, now_ns, l) ?
			       LISTENER_FOUND :
			       LISTENER_SOCKET;
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

/*
 * Looks the segment's tuple up and, if a listener would get it, reads it; its
 * moment then is moment_at(l). bpf_skc_lookup_tcp, because bpf_sk_lookup_tcp
 * shows a half-open request as its listener. Returns enum listener_found.
 * Global: proved once for each kind of program.
 */
__noinline int moment_find(struct xdp_md *ctx, const struct packet *p,
			   __u64 now_ns, struct listener *l)
{
	enum listener_found found;
	struct bpf_sock *sk;

	if (!p || !l)
		return LISTENER_NONE;
	sk = listener_lookup(ctx, p);
	if (!sk)
		return LISTENER_NONE;
	found = moment_of(sk, p, ctx->ingress_ifindex, now_ns, l);
	bpf_sk_release(sk);
	return found;
}

/* The same in TC, which does not ask for the place. */
__noinline int moment_find_tc(struct __sk_buff *skb, const struct packet *p,
			      __u64 now_ns, struct listener *l)
{
	enum listener_found found;
	struct bpf_sock *sk;

	if (!p || !l)
		return LISTENER_NONE;
	sk = listener_lookup(skb, p);
	if (!sk)
		return LISTENER_NONE;
	found = moment_of(sk, p, 0, now_ns, l);
	bpf_sk_release(sk);
	return found;
}

/* What we announce: the MTU less the headers, or less if the listener says
 * so (TCP_MAXSEG). */
static __always_inline __u16 moment_mss(const struct sw_moment *m, __u32 mtu)
{
	__u32 headers = sizeof(struct tcphdr) +
			(m->version == 4 ? sizeof(struct iphdr) :
					   sizeof(struct ipv6hdr));
	__u16 mss;

	mtu = u32_min(mtu, 65535);
	mss = mtu > headers ? mtu - headers : 0;
	return m->user_mss && m->user_mss < mss ? m->user_mss : mss;
}

static __always_inline void moment_look_round(struct xdp_md *ctx,
					      const struct packet *p,
					      struct sw_moment *m)
{
	struct net_device *dev = local_device(ctx);

	m->mss = moment_mss(m, dev->mtu);
	local_mac(dev, m->mac);
	m->local = local_address_is_ours(ctx, p, m->now_ns);
	m->local_filter = local_filter_now();
	m->nat_resets = nat_resets(m->net, p->version, m->now_ns);
	m->placed = 1;
}

/* Reason if the frame is not for this station, or not for this machine. */
static __always_inline enum sw_reason
moment_place(struct xdp_md *ctx, const struct packet *p, struct sw_moment *m)
{
	if (unlikely(!m->placed))
		moment_look_round(ctx, p, m);
	if (!local_mac_is(ctx, m->mac))
		return SW_FOREIGN_MAC;
	return likely(m->local) ? SW_GO_ON : SW_FOREIGN_ADDRESS;
}

#endif
