/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SYN cookie: what a SYN-ACK carries so that nothing need be kept, and
 * what an ACK brings back. cookie_make() and cookie_check() are inverses.
 * Pure: the key, the time and the segment are handed in.
 *
 *   client offered no timestamps
 *            31  30                                          4  3       0
 *           +---+---------------------------------------------+---------+
 *   ISN     | P |                  MAC (27)                   | profile |
 *           +---+---------------------------------------------+---------+
 *
 *   client offered timestamps
 *           +---+-------------------------------------------------------+
 *   ISN     | P |                       MAC (31)                        |
 *           +---+-------------------------------------------------------+
 *            31        22 21                      6  5     2   1     0
 *           +------------+-------------------------+--------+------+-----+
 *   TSval   |    time    |           MSS           | wscale | SACK | ECN |
 *           +------------+-------------------------+--------+------+-----+
 *
 * P is the lowest bit of the epoch in which the cookie was made. The current
 * epoch and the one before it are valid, and P says which of the two it was:
 * one hash decides. A forged ACK passes with probability 2^-27 (the forger
 * chooses the form without timestamps), one per 134 million ACKs.
 *
 * The MAC is SipHash-2-4 over everything that must not be changed: both
 * addresses in full, both ports, the client's ISN, the epoch, and what the
 * cookie says of the client's options, with bit 23 for the form. The time is
 * left out, so that a retransmitted SYN gets the same ISN. Epoch and options
 * are 7 bytes, which SipHash takes together with its length: no word of their
 * own, two rounds less.
 *
 *   IPv4   saddr daddr                 sport dport  ISN   epoch(4) options(3)
 *   IPv6   saddr(16) daddr(16)         sport dport  ISN   epoch(4) options(3)
 *          as in the client's segment, network order      little-endian
 */
#ifndef SYNWARD_COOKIE_H
#define SYNWARD_COOKIE_H

#include "packet.h"
#include "siphash.h"
#include "tcpopt.h"

#define COOKIE_PARITY_SHIFT 31
#define COOKIE_MAC_BITS 0x7fffffff       /* with timestamps */
#define COOKIE_PLAIN_MAC_BITS 0x7ffffff0 /* without */
#define COOKIE_PROFILE_BITS 0xf
#define COOKIE_TIMESTAMPS (1U << 23) /* in the MAC's option bytes */

#define COOKIE_TIME_SHIFT 22
#define COOKIE_MSS_SHIFT 6
#define COOKIE_WSCALE_SHIFT 2
#define COOKIE_SACK 2
#define COOKIE_ECN 1
#define COOKIE_OPTION_BITS ((1U << COOKIE_TIME_SHIFT) - 1)

/* The time field counts 2^22 ns (4.2 ms) and wraps after 4.3 s. */
#define COOKIE_TICK_SHIFT 22
#define COOKIE_TIME_BITS 0x3ff

/* What a peer with no MSS option accepts; the kernel takes no less (RFC 9293
 * 3.7.1, RFC 8200 5). */
#define COOKIE_MSS_MIN4 536
#define COOKIE_MSS_MIN6 1220

/* A client's options, as far as its connection will have them. */
struct cookie_options {
	__u16 mss;
	__u8 wscale; /* 0..14, or TCPOPT_WSCALE_NONE */
	bool sack;
	bool ecn;
	bool timestamps;
	__u32 unseen; /* by cookie_check(): the MAC's half that stays here */
};

struct cookie {
	__u32 isn;
	__u32 tsval; /* only with timestamps */
};

/*
 * Clients without timestamps get the best of these 16. Of the 91 SYNs in
 * p0f's data base (p0f.fp 3.09b) 38 have no timestamps: Windows up to 11 with
 * scale 8 or none, Linux with timestamps off, embedded stacks, scanners;
 * every client with a scale above 0 has SACK but for one test tool. Entries
 * are spent on scale first, because a scale rounded down by n costs a factor
 * 2^n in throughput over long paths, where a rounded MSS costs some per cent.
 * MSS are those of the common links, less the headers: Ethernet over IPv4
 * (1460) and IPv6 (1440; also PPPoE's 1452), tunnels and mobile networks
 * (1360), IPv6's minimum (1220).
 *
 * Best first: the first entry that promises no more than the client did.
 */
struct cookie_profile {
	__u16 mss;
	__u8 wscale;
	bool sack;
};

#define COOKIE_PROFILE_UNSCALED 11 /* the first of those without scale */

static const struct cookie_profile cookie_profiles[16] = {
	{ 1460, 8, true }, /* Windows 7 to 11, Server; Ethernet, IPv4 */
	{ 1440, 8, true }, /* the same over IPv6 and PPPoE */
	{ 1360, 8, true }, /* behind tunnels, on mobile networks */
	{ 1220, 8, true }, /* at IPv6's minimum MTU */
	{ 1460, 7, true }, /* Linux without timestamps, crawlers */
	{ 1360, 7, true }, /* the same over IPv6, PPPoE, tunnels */
	{ 1220, 5, true }, /* scale 5 and 6: BSDs, appliances */
	{ 1460, 2, true }, /* scale 2 to 4: Windows Vista and 7, embedded */
	{ 1360, 2, true },
	{ 1220, 0, true }, /* scale 0 and 1: Windows XP, Solaris; least MSS */
	{ 536, 0, false }, /* any scale without SACK: OpenVMS, Tru64 */
	{ 1460, TCPOPT_WSCALE_NONE, true }, /* Windows XP and 2000, consoles */
	{ 1220, TCPOPT_WSCALE_NONE, true },
	{ 1460, TCPOPT_WSCALE_NONE, false }, /* MSS only: scanners, embedded */
	{ 1220, TCPOPT_WSCALE_NONE, false },
	{ 536, TCPOPT_WSCALE_NONE, false }, /* no options at all */
};

static __always_inline __u16 cookie_mss_min(__u8 version)
{
	return version == 4 ? COOKIE_MSS_MIN4 : COOKIE_MSS_MIN6;
}

/* Scaling offered stays scaling, none stays none: our own scale needs it. */
static __always_inline bool
cookie_profile_fits(const struct cookie_profile *entry, __u16 mss_min,
		    const struct cookie_options *o)
{
	bool scaled = o->wscale != TCPOPT_WSCALE_NONE;

	/* not &&: branches are what the verifier, and the CPU, pay for */
	return ((entry->wscale != TCPOPT_WSCALE_NONE) == scaled) &
	       (entry->wscale <= o->wscale) & (entry->sack <= o->sack) &
	       ((entry->mss <= o->mss) | (entry->mss <= mss_min));
}

/* Index of the best profile. The last entry of each kind fits always. */
static __always_inline __u32 cookie_profile_pick(__u8 version,
						 const struct cookie_options *o)
{
	__u16 mss_min = cookie_mss_min(version);
	__u32 i = o->wscale == TCPOPT_WSCALE_NONE ? COOKIE_PROFILE_UNSCALED : 0;

	for (; i < COOKIE_PROFILE_BITS; i++)
		if (cookie_profile_fits(&cookie_profiles[i], mss_min, o))
			break;
	return i;
}

static __always_inline __u32 cookie_pack(const struct cookie_options *o)
{
	return (__u32)o->mss << COOKIE_MSS_SHIFT |
	       (__u32)o->wscale << COOKIE_WSCALE_SHIFT |
	       (o->sack ? COOKIE_SACK : 0) | (o->ecn ? COOKIE_ECN : 0);
}

static __always_inline void cookie_unpack(__u32 tsval, struct cookie_options *o)
{
	o->mss = tsval >> COOKIE_MSS_SHIFT;
	o->wscale = tsval >> COOKIE_WSCALE_SHIFT & 0xf;
	o->sack = tsval & COOKIE_SACK;
	o->ecn = tsval & COOKIE_ECN;
	o->timestamps = true;
}

static __always_inline void cookie_unprofile(__u32 isn, __u8 version,
					     struct cookie_options *o)
{
	const struct cookie_profile *entry =
		&cookie_profiles[isn & COOKIE_PROFILE_BITS];
	__u16 mss_min = cookie_mss_min(version);

	o->mss = entry->mss > mss_min ? entry->mss : mss_min;
	o->wscale = entry->wscale;
	o->sack = entry->sack;
	o->ecn = false;
	o->timestamps = false;
}

static __always_inline __u32 cookie_epoch(__u64 now_ns)
{
	return now_ns >> SW_EPOCH_SHIFT;
}

/* client_isn in host byte order; options: the word drawn above. Of the 64 bits
 * the lower half goes into the ISN; the upper one is seen by nobody. */
static __always_inline __u64 cookie_mac(const struct sw_key *key,
					const struct packet *p,
					__u32 client_isn, __u32 epoch,
					__u32 options)
{
	__u64 flow = (__u64)bpf_htonl(client_isn) << 32 |
		     (__u32)p->dport << 16 | p->sport;
	__u64 claim = (__u64)(options & 0xffffff) << 32 | epoch;

	if (likely(p->version == 4)) {
		__u64 m[2] = { (__u64)p->daddr[0] << 32 | p->saddr[0], flow };

		return siphash(key, m, 2, claim, 7);
	}
	__u64 m[5] = { (__u64)p->saddr[1] << 32 | p->saddr[0],
		       (__u64)p->saddr[3] << 32 | p->saddr[2],
		       (__u64)p->daddr[1] << 32 | p->daddr[0],
		       (__u64)p->daddr[3] << 32 | p->daddr[2], flow };

	return siphash(key, m, 5, claim, 7);
}

/* The epoch's one key. */
static __always_inline const struct sw_key *
cookie_key(const struct sw_keyring *keys, __u32 epoch)
{
	return &keys->key[keys->made_ns[1] && epoch >= keys->second_from];
}

/*
 * p: the SYN. o: what the connection shall have; without timestamps it is
 * rounded down to what the cookie can carry, so that the SYN-ACK offers only
 * what the ACK brings back. now_ns: synward's clock.
 */
__noinline int cookie_make(const struct sw_keyring *keys,
			   const struct packet *p, __u64 now_ns,
			   struct cookie_options *o, struct cookie *cookie)
{
	__u32 epoch = cookie_epoch(now_ns);
	__u32 parity = epoch << COOKIE_PARITY_SHIFT;
	__u32 options, mac;

	if (!keys || !p || !o || !cookie)
		return 0;
	options = o->timestamps ? cookie_pack(o) | COOKIE_TIMESTAMPS :
				  cookie_profile_pick(p->version, o);
	mac = cookie_mac(cookie_key(keys, epoch), p, p->seq, epoch, options);
	if (likely(o->timestamps)) {
		cookie->isn = parity | (mac & COOKIE_MAC_BITS);
		cookie->tsval = (__u32)(now_ns >> COOKIE_TICK_SHIFT)
					<< COOKIE_TIME_SHIFT |
				(options & COOKIE_OPTION_BITS);
		return 0;
	}
	cookie->isn = parity | (mac & COOKIE_PLAIN_MAC_BITS) | options;
	cookie->tsval = 0;
	cookie_unprofile(cookie->isn, p->version, o);
	return 0;
}

/* Is p's ACK a cookie of this epoch? */
static __always_inline bool cookie_verify(const struct sw_keyring *keys,
					  const struct packet *p,
					  const struct tcpopt *ack, __u32 epoch,
					  __u64 *mac)
{
	__u32 isn = p->ack_seq - 1;
	__u32 options = isn & COOKIE_PROFILE_BITS;
	__u32 mask = COOKIE_PLAIN_MAC_BITS;

	if (ack->timestamps) {
		options = (ack->tsecr & COOKIE_OPTION_BITS) | COOKIE_TIMESTAMPS;
		mask = COOKIE_MAC_BITS;
	}
	*mac = cookie_mac(cookie_key(keys, epoch), p, p->seq - 1, epoch,
			  options);
	return !((*mac ^ isn) & mask);
}

/* The one epoch of the two valid ones that the cookie's P can mean. */
static __always_inline __u32 cookie_claimed_epoch(const struct packet *p,
						  __u64 now_ns)
{
	__u32 epoch = cookie_epoch(now_ns);
	__u32 parity = (p->ack_seq - 1) >> COOKIE_PARITY_SHIFT;

	return epoch - ((epoch ^ parity) & 1);
}

/*
 * p: the client's first segment after the SYN-ACK, with or without data; ack:
 * its options. Returns true and fills o if p acknowledges a cookie of the
 * last two epochs.
 */
__noinline int cookie_check(const struct sw_keyring *keys,
			    const struct packet *p, const struct tcpopt *ack,
			    __u64 now_ns, struct cookie_options *o)
{
	__u64 mac;

	if (!keys || !p || !ack || !o)
		return false;
	if (!cookie_verify(keys, p, ack, cookie_claimed_epoch(p, now_ns), &mac))
		return false;
	o->unseen = mac >> 32;
	if (ack->timestamps)
		cookie_unpack(ack->tsecr, o);
	else
		cookie_unprofile(p->ack_seq - 1, p->version, o);
	return true;
}

/* Was it ours, one lifetime ago? A second hash: the caller limits how often. */
__noinline int cookie_check_old(const struct sw_keyring *keys,
				const struct packet *p,
				const struct tcpopt *ack, __u64 now_ns)
{
	__u64 mac;

	if (!keys || !p || !ack)
		return false;
	return cookie_verify(keys, p, ack, cookie_claimed_epoch(p, now_ns) - 2,
			     &mac);
}

/* Milliseconds from SYN-ACK to ACK, modulo 4.3 s; only with timestamps. */
static __always_inline __u32 cookie_rtt_ms(__u32 tsecr, __u64 now_ns)
{
	__u32 then = tsecr >> COOKIE_TIME_SHIFT;
	__u64 ticks = ((now_ns >> COOKIE_TICK_SHIFT) - then) & COOKIE_TIME_BITS;

	return (ticks << COOKIE_TICK_SHIFT) / 1000000;
}

#endif
