/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A handshake in a test's hands: a SYN from anybody, the cookie made for it,
 * and the ACK that brings it back. Shared by cookie.c and lifetime.c.
 */
#ifndef SYNWARD_TEST_SHAKE_H
#define SYNWARD_TEST_SHAKE_H

#include "cookie.h"
#include "unit.h"

/* An even epoch, as of 2025, so that an odd one is +1. */
#define EPOCH 25465172U
#define EPOCH_NS(epoch) ((__u64)(epoch) << SW_EPOCH_SHIFT)
#define MS 1000000ULL
#define NOW (EPOCH_NS(EPOCH) + 30000 * MS)

static inline struct sw_keyring keyring(void)
{
	struct sw_keyring keys = { .made_ns = { 1 }, .generation = { 1 } };

	random_fill(keys.key, sizeof(keys.key));
	return keys;
}

/* A SYN from anybody. */
static inline struct packet random_syn(__u8 version)
{
	struct packet p = { .version = version, .flags = TCP_SYN };

	random_fill(p.saddr, version == 4 ? 4 : 16);
	random_fill(p.daddr, version == 4 ? 4 : 16);
	random_fill(&p.sport, sizeof(p.sport));
	random_fill(&p.dport, sizeof(p.dport));
	p.seq = random_u64();
	return p;
}

/* The client's answer to a SYN-ACK that carries c. */
static inline struct packet ack_of(const struct packet *syn,
				   const struct cookie *c)
{
	struct packet p = *syn;

	p.flags = TCP_ACK;
	p.seq = syn->seq + 1;
	p.ack_seq = c->isn + 1;
	return p;
}

static inline struct tcpopt echo_of(const struct cookie *c, bool timestamps)
{
	return (struct tcpopt){
		.wscale = TCPOPT_WSCALE_NONE,
		.timestamps = timestamps,
		.tsval = random_u64(),
		.tsecr = timestamps ? c->tsval : 0,
	};
}

/* A handshake so far: SYN, the cookie for it, and its ACK. */
struct shake {
	struct packet syn, ack;
	struct cookie cookie;
	struct cookie_options options; /* as cookie_make() left them */
	struct tcpopt echo;
};

static inline struct shake shake(const struct sw_keyring *keys, __u8 version,
				 __u64 now_ns, struct cookie_options options)
{
	struct shake s = { .syn = random_syn(version), .options = options };

	cookie_make(keys, &s.syn, now_ns, &s.options, &s.cookie);
	s.ack = ack_of(&s.syn, &s.cookie);
	s.echo = echo_of(&s.cookie, options.timestamps);
	return s;
}

static inline bool checks(const struct sw_keyring *keys, const struct shake *s,
			  __u64 now_ns)
{
	struct cookie_options got;

	return cookie_check(keys, &s->ack, &s->echo, now_ns, &got);
}

static const struct cookie_options usual[] = {
	{ .mss = 1460, .wscale = 8, .sack = true },
	{ .mss = 1460, .wscale = 7, .sack = true, .timestamps = true },
};

struct form {
	const char *name;
	__u8 version;
	bool timestamps;
};

#endif
