// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * synflood.bpf.c - turns whatever frame it gets into one frame of the flood
 *
 * Knows: the template that user space built, which of its fields differ from
 * frame to frame, and how a checksum follows a changed field (RFC 1624).
 * Does not know: TCP options or kinds of flood; those are in the template.
 *
 * BPF_PROG_TEST_RUN recycles its pages. One comes back as its last owner left
 * it: a server that answered in place has swapped the addresses, and if it
 * also changed the length, xdp_frame.len keeps that length (reset_ctx() in
 * net/bpf/test_run.c looks at the data pointer only). So every byte is written
 * every time, and the frame arrives a few bytes too long and is cut by us: a
 * program that changes the length makes the kernel set it anew.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

#define ROOM_MAX 128

/* Set before load; the verifier removes the branches that do not apply. */
const volatile __u64 frame[ROOM_MAX / 8];
const volatile __u32 frame_len;   /* bytes that leave */
const volatile __u32 frame_words; /* 8-byte words that arrive, above the len */
const volatile bool ipv6;
const volatile bool random_ack;
const volatile __u32 tsval_at; /* offset in the frame, 0: no timestamps */
const volatile __u32 ip_sum;   /* of the template, not folded */
const volatile __u32 tcp_sum;  /* with pseudo header */
const volatile __u64 net[2];   /* source prefix as it lies in the frame */
const volatile __u64 hostmask[2];

/* Only one test run at a time uses the program: no per-CPU state. */
__u64 seed = 1;

/* xorshift64* (Vigna 2016): three shifts and a multiplication per 64 bits. */
static __always_inline __u64 rnd(void)
{
	__u64 x = seed;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	seed = x;
	return x * 0x2545f4914f6cdd1dULL;
}

static __always_inline __u64 csum_add64(__u64 sum, __u64 word)
{
	return sum + (__u32)word + (word >> 32);
}

static __always_inline __u16 csum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static __always_inline void put_template(__u64 *data)
{
	for (__u32 i = 0; i < ROOM_MAX / 8; i++) {
		if (i >= frame_words)
			break;
		data[i] = frame[i];
	}
}

/* Both return the sum of the source address, for the TCP checksum. */
static __always_inline __u64 put_source4(struct iphdr *ip)
{
	__u64 r = rnd();
	__u64 sum;

	ip->saddr = net[0] | (r & hostmask[0]);
	ip->id = r >> 32;
	sum = ip->saddr;
	ip->check = csum_fold(ip_sum + sum + ip->id);
	return sum;
}

static __always_inline __u64 put_source6(struct ipv6hdr *ip)
{
	__u64 high = net[0] | (rnd() & hostmask[0]);
	__u64 low = net[1] | (rnd() & hostmask[1]);
	__u64 *saddr = (void *)&ip->saddr;

	saddr[0] = high;
	saddr[1] = low;
	return csum_add64(csum_add64(0, high), low);
}

static __always_inline void put_tcp(struct tcphdr *tcp, __u64 sum)
{
	__u64 r = rnd();

	tcp->seq = r;
	tcp->source = (r >> 32) | 4; /* first byte never 0: 1024 and up */
	sum = csum_add64(sum + tcp_sum + tcp->source, (__u32)r);
	if (random_ack) {
		tcp->ack_seq = rnd();
		sum += tcp->ack_seq;
	}
	tcp->check = csum_fold(sum);
}

/* Returns what the checksum has to take in. */
static __always_inline __u32 put_tsval(void *data)
{
	__u32 *tsval = data + tsval_at;

	if (!tsval_at)
		return 0;
	*tsval = rnd();
	return *tsval;
}

SEC("xdp")
int synflood(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	int room = frame_words * 8;
	__u64 sum;

	if (data + room > end)
		return XDP_ABORTED;
	put_template(data);
	sum = put_tsval(data);
	if (ipv6) {
		sum += put_source6(data + ETH_HLEN);
		put_tcp(data + ETH_HLEN + sizeof(struct ipv6hdr), sum);
	} else {
		sum += put_source4(data + ETH_HLEN);
		put_tcp(data + ETH_HLEN + sizeof(struct iphdr), sum);
	}
	if (bpf_xdp_adjust_tail(ctx, (int)frame_len - room))
		return XDP_ABORTED;
	return XDP_TX;
}

char _license[] SEC("license") = "GPL";
