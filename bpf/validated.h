/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Remembers, per CPU and for a moment, whose cookie has just verified.
 *
 * TC sees a whole batch of a driver's packets before IP sees the first, so
 * when the segment right behind an ACK comes, its socket does not exist yet.
 * To XDP it looks like a bad cookie, or like the same cookie again. Only what
 * verified is written here, so that a spoofer cannot push anybody out.
 */
#ifndef SYNWARD_VALIDATED_H
#define SYNWARD_VALIDATED_H

#include "maps.h"
#include "packet.h"

/* Longer than a batch takes, also where steering hands it to another CPU and
 * the coarse clock ticks every 10 ms. */
#define VALIDATED_NS 20000000

static __always_inline struct sw_validated *
validated_slot(const struct packet *p)
{
	/* the acknowledged ISN is a MAC: as good as random */
	__u32 slot = (p->ack_seq ^ p->sport) & (SW_VALIDATED_SLOTS - 1);

	return bpf_map_lookup_elem(&sw_validated, &slot);
}

static __always_inline bool validated_addresses(const struct sw_validated *v,
						const struct packet *p)
{
	if (likely(p->version == 4))
		return v->saddr[0] == p->saddr[0] && v->daddr[0] == p->daddr[0];
	return packet_same_address(v->saddr, p->saddr) &&
	       packet_same_address(v->daddr, p->daddr);
}

/* Has this tuple's ACK verified a moment ago? */
static __always_inline bool validated_recently(const struct packet *p,
					       __u64 now_ns)
{
	const struct sw_validated *v = validated_slot(p);

	return v && v->ack_seq == p->ack_seq &&
	       now_ns - v->now_ns <= VALIDATED_NS && v->sport == p->sport &&
	       v->dport == p->dport && validated_addresses(v, p);
}

static __always_inline void validated_remember(const struct packet *p,
					       __u64 now_ns)
{
	struct sw_validated *v = validated_slot(p);

	if (!v)
		return;
	__builtin_memcpy(v->saddr, p->saddr, sizeof(v->saddr));
	__builtin_memcpy(v->daddr, p->daddr, sizeof(v->daddr));
	v->sport = p->sport;
	v->dport = p->dport;
	v->ack_seq = p->ack_seq;
	v->now_ns = now_ns;
	v->handed_ns = 0;
}

/* For TC without marks, which sees the whole batch before IP, too. */
static __always_inline void validated_hand(const struct packet *p, __u64 now_ns)
{
	struct sw_validated *v = validated_slot(p);

	if (v)
		v->handed_ns = now_ns;
}

static __always_inline bool validated_handed(const struct packet *p,
					     __u64 now_ns)
{
	const struct sw_validated *v = validated_slot(p);

	return v && now_ns - v->handed_ns <= VALIDATED_NS &&
	       validated_recently(p, now_ns);
}

/*
 * Telling an expired cookie from a forged one costs a second hash. Once a
 * clock tick and CPU we afford it, so that a flood cannot buy it; what is not
 * looked at counts as bad. The entry behind the slots remembers the tick.
 */
static __always_inline bool validated_may_look_back(__u64 now_ns)
{
	__u32 slot = SW_VALIDATED_SLOTS;
	struct sw_validated *v = bpf_map_lookup_elem(&sw_validated, &slot);

	if (!v || v->now_ns == now_ns)
		return false;
	v->now_ns = now_ns;
	return true;
}

#endif
