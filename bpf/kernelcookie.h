/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own SYN cookies. They may be in flight when we attach, and the
 * kernel issues them while our gate is open and its queue is full, so an ACK
 * that is not our cookie may be its.
 */
#ifndef SYNWARD_KERNELCOOKIE_H
#define SYNWARD_KERNELCOOKIE_H

#include "packet.h"

/* The helpers want whole headers; of the segment they read the tuple, seq
 * and ack_seq. */
static __always_inline void kernelcookie_tcp(const struct packet *p,
					     struct tcphdr *tcp)
{
	tcp->source = p->sport;
	tcp->dest = p->dport;
	tcp->seq = bpf_htonl(p->seq);
	tcp->ack_seq = bpf_htonl(p->ack_seq);
}

static __always_inline bool kernelcookie_check4(const struct packet *p)
{
	struct iphdr ip = { .saddr = p->saddr[0], .daddr = p->daddr[0] };
	struct tcphdr tcp = {};

	kernelcookie_tcp(p, &tcp);
	return !bpf_tcp_raw_check_syncookie_ipv4(&ip, &tcp);
}

static __always_inline bool kernelcookie_check6(const struct packet *p)
{
	struct ipv6hdr ip = {};
	struct tcphdr tcp = {};

	__builtin_memcpy(&ip.saddr, p->saddr, sizeof(ip.saddr));
	__builtin_memcpy(&ip.daddr, p->daddr, sizeof(ip.daddr));
	kernelcookie_tcp(p, &tcp);
	return !bpf_tcp_raw_check_syncookie_ipv6(&ip, &tcp);
}

/* Is p the ACK of a fresh cookie of the kernel? */
static __always_inline bool kernelcookie_check(const struct packet *p)
{
	return p->version == 4 ? kernelcookie_check4(p) :
				 kernelcookie_check6(p);
}

#endif
