// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Somebody's program in front of ours that writes to packets: where a packet
 * socket looks on as well, the kernel copies each packet for it, and the copy
 * has lost the metadata that XDP put there. To TC that is as if the driver had
 * none.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int lose(struct __sk_buff *skb)
{
	unsigned char *data = (void *)(long)skb->data;

	if (data + 1 <= (unsigned char *)(long)skb->data_end)
		*(volatile unsigned char *)data = *data;
	return TC_ACT_UNSPEC;
}
