// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Somebody else's program behind ours on the interface: counts the TCP
 * packets that it gets to see.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} seen_packets SEC(".maps");

SEC("tc")
int seen(struct __sk_buff *skb)
{
	__u32 zero = 0;
	__u64 *packets = bpf_map_lookup_elem(&seen_packets, &zero);

	if (packets)
		__sync_fetch_and_add(packets, 1);
	return TC_ACT_UNSPEC;
}

char seen_license[] SEC("license") = "GPL";
