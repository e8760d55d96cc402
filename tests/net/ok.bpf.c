// SPDX-License-Identifier: GPL-2.0-or-later
/* Somebody else's program in front of ours: it takes every packet, and asks
 * nobody behind it. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int ok(struct __sk_buff *skb)
{
	return TC_ACT_OK;
}
