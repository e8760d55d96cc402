/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Turns a client's segment into the RST that the client would have to send,
 * had it known what we know. Pure.
 *
 * A gate that opens, or a mode that changes, between our SYN-ACK and the
 * retransmission of its SYN lets the kernel begin a handshake of its own on the
 * tuple, with another sequence number. Then the ACK of our cookie is wrong to
 * the kernel, and it would reset a client that believes itself connected. As
 * an RST the same segment makes the kernel forget its half-open request
 * without a word, and what the client sends next from there opens the
 * connection: its data, or its answer to the SYN-ACK that the kernel had sent.
 */
#ifndef SYNWARD_RST_H
#define SYNWARD_RST_H

#include "csum.h"
#include "packet.h"

/* The TCP header's fourth word begins with its length and flags. */
#define RST_WORD_AT 12
#define RST_CHECK_AT 16

/*
 * No ACK flag, or the kernel would look at the number; no options, for their
 * timestamps are of our cookie. They become the segment's data, which in an
 * RST nobody reads.
 */
#define RST_WORD bpf_htons(sizeof(struct tcphdr) / 4 << 12 | TCP_RST)

/* Returns false, having changed nothing, if the frame is too short after all. */
static __always_inline bool rst_write(void *data, void *end,
				      const struct packet *p)
{
	struct tcphdr *tcp = packet_tcp_header(data, p);
	__be16 *word = (void *)tcp + RST_WORD_AT;

	if ((void *)(tcp + 1) > end)
		return false;
	/* RFC 1624: ~(~check + ~old + new) */
	tcp->check = csum_fold((__u64)(__u16)~tcp->check + (__u16) ~*word +
			       RST_WORD);
	*word = RST_WORD;
	return true;
}

#endif
