/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a frame for this machine? A wildcard listener matches any destination,
 * so that without this we would answer for hosts that we route or bridge for.
 *
 * bpf_fib_lookup() cannot tell: where forwarding is off, as on most servers,
 * it says FWD_DISABLED for our own address, a foreign one and the broadcast
 * address alike; where it is on, NOT_FWDED for ours and the broadcast address
 * (tried on Linux 6.18). So we read the kernel's own address lists: all
 * addresses of all interfaces of the namespace, the receiving one first, into
 * a set per CPU. It is remade when it is first asked in a tick of 17 ms, so
 * that addresses may come and go without us; asking costs one map read.
 *
 * Not local for us: 127/8 and ::1, whole prefixes ("ip route add local
 * 192.0.2.0/24 dev lo"), IPv6 anycast, and on machines with many hundreds of
 * addresses those that found no slot, or that the walk did not come to. They
 * pass.
 */
#ifndef SYNWARD_LOCAL_H
#define SYNWARD_LOCAL_H

#include "packet.h"
#include "maps.h"
#include <bpf/bpf_core_read.h>

#define LOCAL_TICK_SHIFT 24
#define LOCAL_STEPS_MAX 8192 /* interfaces and addresses in one walk */
#define LOCAL_SLOT_BITS 10
#define LOCAL_PROBES 8 /* slots in which an address may lie */

extern void *bpf_cast_to_kern_ctx(void *ctx) __ksym;

_Static_assert(SW_LOCAL_SLOTS == 1 << LOCAL_SLOT_BITS, "a power of two");

struct local_address {
	__be32 word[4]; /* IPv4 in the IPv6-mapped form */
};

static __always_inline struct local_address local_address4(__be32 address)
{
	return (struct local_address){ { 0, 0, bpf_htonl(0xffff), address } };
}

/* Where it is looked for: by Fibonacci hashing, which spreads neighbours, as a
 * machine's addresses are. They are ours, so no key is needed. */
static __always_inline __u32 local_slot(const struct local_address *a)
{
	__u32 mix = bpf_ntohl(a->word[0]) * 3 ^ bpf_ntohl(a->word[1]) * 5 ^
		    bpf_ntohl(a->word[2]) * 9 ^ bpf_ntohl(a->word[3]);

	return mix * 0x9e3779b1 >> (32 - LOCAL_SLOT_BITS);
}

/* Of the entry behind the slots: a filter in place of an address. A SYN's
 * source is looked for in the slots only if its bit is set there. */
static __always_inline __u64 *local_filter(struct sw_local *made)
{
	return (__u64 *)made->address;
}

static __always_inline __u64 local_filter_bit(__u32 slot)
{
	return 1ULL << (slot >> (LOCAL_SLOT_BITS - 6));
}

static __always_inline struct sw_local *local_made(void)
{
	__u32 slot = SW_LOCAL_SLOTS;

	return bpf_map_lookup_elem(&sw_local, &slot);
}

static __always_inline struct sw_local *local_at(__u32 slot)
{
	slot &= SW_LOCAL_SLOTS - 1;
	return bpf_map_lookup_elem(&sw_local, &slot);
}

static __always_inline bool local_is(const struct sw_local *entry,
				     const struct local_address *a, __u64 tick)
{
	return entry->tick == tick &&
	       packet_same_address((const __be32 *)entry->address, a->word);
}

/*
 * Linux drops what comes from outside for 127/8 (ip_route_input_slow(); unless
 * route_localnet is on) and ::1 (ip6_rcv_core()). Answered, it would show
 * everyone on the link who listens there. Other addresses of lo's are as good
 * as any.
 */
static __always_inline bool local_is_loopback(const struct local_address *a)
{
	if (a->word[0] | a->word[1])
		return false;
	if (a->word[2] == bpf_htonl(0xffff))
		return bpf_ntohl(a->word[3]) >> 24 == 127;
	return !a->word[2] && a->word[3] == bpf_htonl(1);
}

static __always_inline void local_add(const struct local_address *a, __u64 tick)
{
	struct sw_local *made = local_made();
	__u32 slot = local_slot(a);

	if (local_is_loopback(a) || !made)
		return;
	*local_filter(made) |= local_filter_bit(slot);
	for (int i = 0; i < LOCAL_PROBES; i++) {
		struct sw_local *entry = local_at(slot + i);

		if (!entry || local_is(entry, a, tick))
			return;
		if (entry->tick != tick) {
			__builtin_memcpy(entry->address, a, sizeof(*a));
			entry->tick = tick;
			return;
		}
	}
}

static __always_inline bool local_has(const struct local_address *a, __u64 tick)
{
	__u32 slot = local_slot(a);

	for (int i = 0; i < LOCAL_PROBES; i++) {
		struct sw_local *entry = local_at(slot + i);

		if (!entry)
			return false;
		if (local_is(entry, a, tick))
			return true;
		if (entry->tick != tick) /* never filled in this tick */
			return false;
	}
	return false;
}

/*
 * The walk: interface by interface, round the namespace's ring, and for each
 * its IPv4 chain and its IPv6 ring. Addresses of kernel memory as numbers, so
 * that every read is a probe that may fail but not fault.
 */
struct local_walk {
	__u64 tick;
	__u64 first; /* the receiving interface's dev_list */
	__u64 ring;  /* the current one's; the namespace's head is skipped */
	__u64 head;
	__u64 ifa4;
	__u64 ifa6; /* list_head inside an address, or the ring's head */
	__u64 ifa6_head;
};

static __always_inline __u64 local_read(__u64 address)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), (void *)address);
	return value;
}

static __always_inline void local_walk_device(struct local_walk *w)
{
	struct net_device *dev =
		(void *)w->ring -
		bpf_core_field_offset(struct net_device, dev_list);
	struct in_device *ip4 = BPF_CORE_READ(dev, ip_ptr);
	struct inet6_dev *ip6 = BPF_CORE_READ(dev, ip6_ptr);

	w->ifa4 = ip4 ? (__u64)BPF_CORE_READ(ip4, ifa_list) : 0;
	w->ifa6 = 0;
	if (ip6) {
		w->ifa6_head =
			(__u64)ip6 +
			bpf_core_field_offset(struct inet6_dev, addr_list);
		w->ifa6 = local_read(w->ifa6_head);
	}
}

static __always_inline void local_walk_ifa4(struct local_walk *w)
{
	struct in_ifaddr *ifa = (void *)w->ifa4;
	struct local_address a = local_address4(BPF_CORE_READ(ifa, ifa_local));

	local_add(&a, w->tick);
	w->ifa4 = (__u64)BPF_CORE_READ(ifa, ifa_next);
}

static __always_inline void local_walk_ifa6(struct local_walk *w)
{
	struct inet6_ifaddr *ifa =
		(void *)w->ifa6 -
		bpf_core_field_offset(struct inet6_ifaddr, if_list);
	struct local_address a;

	BPF_CORE_READ_INTO(&a, ifa, addr);
	local_add(&a, w->tick);
	w->ifa6 = local_read(w->ifa6);
}

/* One step of the walk; 1 ends it. */
static long local_walk_step(__u64 step, struct local_walk *w)
{
	if (w->ifa4) {
		local_walk_ifa4(w);
		return 0;
	}
	if (w->ifa6 && w->ifa6 != w->ifa6_head) {
		local_walk_ifa6(w);
		return 0;
	}
	if (step)
		w->ring = local_read(w->ring);
	if (!w->ring || (step && w->ring == w->first))
		return 1;
	w->ifa6 = 0;
	if (w->ring != w->head)
		local_walk_device(w);
	return 0;
}

/* Global, so that the verifier proves it once. Always 0. */
__noinline int local_refresh(struct xdp_md *ctx, __u64 tick)
{
	struct xdp_buff *xdp = bpf_cast_to_kern_ctx(ctx);
	struct net_device *dev = BPF_CORE_READ(xdp, rxq, dev);
	struct local_walk w = { .tick = tick };

	w.head = (__u64)BPF_CORE_READ(dev, nd_net.net) +
		 bpf_core_field_offset(struct net, dev_base_head);
	w.first =
		(__u64)dev + bpf_core_field_offset(struct net_device, dev_list);
	w.ring = w.first;
	bpf_loop(LOCAL_STEPS_MAX, local_walk_step, &w, 0);
	return 0;
}

/* Brings the set up to date; its tick is remembered behind the slots. */
static __always_inline void local_at_tick(struct xdp_md *ctx, __u64 tick)
{
	struct sw_local *made = local_made();

	if (!made || made->tick == tick)
		return;
	made->tick = tick;
	*local_filter(made) = 0;
	local_refresh(ctx, tick);
}

/* What no client has: multicast, broadcast, unspecified, loopback. Of 0/8
 * only 0.0.0.0: Linux takes connections from the others. */
static __always_inline bool local_bad_source4(__be32 source)
{
	__u32 a = bpf_ntohl(source);

	return a >> 28 == 0xe || a == 0xffffffff || !a || a >> 24 == 127;
}

static __always_inline bool local_is_mapped4(const __be32 a[4])
{
	return !a[0] && !a[1] && a[2] == bpf_htonl(0xffff);
}

static __always_inline bool local_bad_source6(const __be32 a[4])
{
	bool low = !a[0] && !a[1] && !a[2] && bpf_ntohl(a[3]) <= 1;

	return low || (a[0] & bpf_htonl(0xff000000)) == bpf_htonl(0xff000000) ||
	       local_is_mapped4(a);
}

static __always_inline struct net_device *local_device(struct xdp_md *ctx)
{
	struct xdp_buff *xdp = bpf_cast_to_kern_ctx(ctx);

	return xdp->rxq->dev;
}

static __always_inline void local_mac(const struct net_device *dev, __u8 mac[6])
{
	const u8 *ours = dev->dev_addr_shadow;

	*(__u32 *)mac = *(const __u32 *)ours;
	*(__u16 *)(mac + 4) = *(const __u16 *)(ours + 4);
}

/* Is the frame addressed to it? */
static __always_inline bool local_mac_is(struct xdp_md *ctx, const __u8 mac[6])
{
	const __u8 *to = (void *)(long)ctx->data;

	if ((void *)(to + 6) > (void *)(long)ctx->data_end)
		return false;
	return *(const __u32 *)to == *(const __u32 *)mac &&
	       *(const __u16 *)(to + 4) == *(const __u16 *)(mac + 4);
}

static __always_inline struct local_address
local_address_of(const struct packet *p, const __be32 *address)
{
	struct local_address a;

	if (p->version == 4)
		return local_address4(address[0]);
	__builtin_memcpy(&a, address, sizeof(a));
	return a;
}

static __always_inline __u64 local_filter_now(void)
{
	struct sw_local *made = local_made();

	return made ? *local_filter(made) : ~0ULL;
}

/* Is p's destination an address of this machine? */
static __always_inline bool
local_address_is_ours(struct xdp_md *ctx, const struct packet *p, __u64 now_ns)
{
	__u64 tick = now_ns >> LOCAL_TICK_SHIFT;
	struct local_address to = local_address_of(p, p->daddr);

	if (p->version == 6 && local_is_mapped4(p->daddr))
		return false;
	local_at_tick(ctx, tick);
	return local_has(&to, tick);
}

/*
 * Can nobody be at p's source? What is one of our own addresses Linux calls
 * martian. filter: as it was when local_address_is_ours() was last asked, which
 * brings the set up to date.
 */
static __always_inline bool local_bad_source(const struct packet *p,
					     __u64 filter, __u64 now_ns)
{
	struct local_address from = local_address_of(p, p->saddr);

	if (p->version == 4 ? local_bad_source4(p->saddr[0]) :
			      local_bad_source6(p->saddr))
		return true;
	return unlikely(filter & local_filter_bit(local_slot(&from))) &&
	       local_has(&from, now_ns >> LOCAL_TICK_SHIFT);
}

#endif
