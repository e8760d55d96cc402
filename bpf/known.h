/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which tuples had a socket a moment ago: while a service's gate is active each
 * of its segments is looked up, and those of a bulk transfer come by the
 * hundred in one tick of the coarse clock. The lookup counts a reference to the
 * socket up and down, on a cache line that its reader on another CPU needs.
 *
 * Written only for what the kernel knows, so that no spoofer can. A connection
 * that ends is believed in until the clock ticks: its segments then get the
 * kernel's RST, not our silence. One that follows it on the same tuple in the
 * same tick is told from it by its numbers: the client's may be near, for many
 * count them on, but ours is a MAC, and near for one in 2^16.
 */
#ifndef SYNWARD_KNOWN_H
#define SYNWARD_KNOWN_H

#include "maps.h"
#include "packet.h"

#define KNOWN_SLOT_BITS 10
/* So far on from the segment that was looked up; beyond, another one is. */
#define KNOWN_SEQ (1 << 20)
#define KNOWN_ACK_SEQ (1 << 16)

_Static_assert(SW_KNOWN == 1 << KNOWN_SLOT_BITS, "a power of two");

static __always_inline struct sw_known *known_slot(const struct packet *p)
{
	__u32 mix = p->saddr[0] ^ p->saddr[3] ^ p->sport;
	__u32 slot = mix * 0x9e3779b1 >> (32 - KNOWN_SLOT_BITS);

	return bpf_map_lookup_elem(&sw_known, &slot);
}

static __always_inline bool known_is(const struct packet *p, __u64 now_ns)
{
	const struct sw_known *k = known_slot(p);

	return k && k->now_ns == now_ns && p->seq - k->seq < KNOWN_SEQ &&
	       p->ack_seq - k->ack_seq < KNOWN_ACK_SEQ &&
	       k->sport == p->sport && k->dport == p->dport &&
	       k->version == p->version &&
	       packet_same_address(k->saddr, p->saddr) &&
	       packet_same_address(k->daddr, p->daddr);
}

static __always_inline void known_remember(const struct packet *p, __u64 now_ns)
{
	struct sw_known *k = known_slot(p);

	if (!k)
		return;
	k->now_ns = now_ns;
	k->seq = p->seq;
	k->ack_seq = p->ack_seq;
	__builtin_memcpy(k->saddr, p->saddr, sizeof(k->saddr));
	__builtin_memcpy(k->daddr, p->daddr, sizeof(k->daddr));
	k->sport = p->sport;
	k->dport = p->dport;
	k->version = p->version;
}

#endif
