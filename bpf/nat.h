/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Would netfilter take our connections away?
 *
 * Where a network namespace has NAT, its hook at LOCAL_IN compares the port
 * that conntrack has of a packet's source with that of the packet's socket
 * (nf_nat_ipv4_local_in() and its IPv6 twin). Ours is the request socket that
 * bpf_sk_assign_tcp_reqsk() has just made, whose port is not set before TCP
 * gets it; so they differ, the socket is dropped, and the client of a valid
 * cookie is reset (tried on Linux 6.18). Not so if conntrack takes no ACK for
 * the beginning of a connection (nf_conntrack_tcp_loose=0), nor for ports that
 * rules leave untracked, which we cannot see: the operator says so.
 *
 * NAT comes and goes without us, so we look ourselves, once in a tick of 17 ms.
 */
#ifndef SYNWARD_NAT_H
#define SYNWARD_NAT_H

#include "maps.h"
#include <bpf/bpf_core_read.h>

#define NAT_TICK_SHIFT 24
#define NAT_LOCAL_IN 1   /* NF_INET_LOCAL_IN */
#define NAT_PRIORITY 100 /* NF_IP_PRI_NAT_SRC, NF_IP6_PRI_NAT_SRC */
#define NAT_HOOKS_MAX 16

/* NAT's own hook, that is: nftables' chains and BPF programs may have the same
 * priority. Read without a lock: what is being freed gives a wrong answer for
 * one tick, no fault. */
static __always_inline bool nat_is_nat(struct nf_hook_ops *ops)
{
	int type = BPF_CORE_READ_BITFIELD_PROBED(ops, hook_ops_type);

	return BPF_CORE_READ(ops, priority) == NAT_PRIORITY &&
	       type != NF_HOOK_OP_NF_TABLES && type != NF_HOOK_OP_BPF;
}

/* Behind the array of hooks lies one of pointers to what was registered, by
 * priority. NAT is among the last. */
static __always_inline bool nat_is_hooked(struct nf_hook_entries *entries)
{
	__u32 count = BPF_CORE_READ(entries, num_hook_entries);
	__u64 end = (__u64)entries +
		    bpf_core_field_offset(struct nf_hook_entries, hooks) +
		    count * (bpf_core_type_size(struct nf_hook_entry) +
			     sizeof(void *));

	for (__u32 i = 0; i < NAT_HOOKS_MAX && i < count; i++) {
		struct nf_hook_ops *ops = NULL;

		end -= sizeof(void *);
		bpf_probe_read_kernel(&ops, sizeof(ops), (void *)end);
		if (nat_is_nat(ops))
			return true;
	}
	return false;
}

/* Global, so that it is proved once. net: the kernel's address of it. */
__noinline int nat_look(__u64 net, __u32 version)
{
	struct net *n = (void *)net;
	struct nf_hook_entries *entries;

	if (!bpf_core_field_exists(n->ct.nf_ct_proto) ||
	    !BPF_CORE_READ(n, ct.nf_ct_proto.tcp.tcp_loose))
		return false;
	entries = version == 4 ? BPF_CORE_READ(n, nf.hooks_ipv4[NAT_LOCAL_IN]) :
				 BPF_CORE_READ(n, nf.hooks_ipv6[NAT_LOCAL_IN]);
	return entries && nat_is_hooked(entries);
}

static __always_inline bool nat_resets(__u64 net, __u8 version, __u64 now_ns)
{
	__u64 tick = now_ns >> NAT_TICK_SHIFT;
	__u32 slot = version == 6;
	struct sw_nat *nat = bpf_map_lookup_elem(&sw_nat, &slot);

	if (!nat)
		return false;
	if (nat->tick != tick || nat->net != net) {
		nat->tick = tick;
		nat->net = net;
		nat->resets = nat_look(net, version);
	}
	return nat->resets;
}

#endif
