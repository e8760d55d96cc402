/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bpf/cookie.h: the MAC is libsodium's over the bytes drawn there, make and
 * check are inverses, and nothing that is authenticated can be changed.
 * Guessing at a cookie is forgery.c's, how long it lives lifetime.c's, what
 * profiles promise profile.c's.
 */
#include "shake.h"

#include <sodium.h>

static const __u16 mss_values[] = { 536, 1220, 1400, 1460, 8960, 65495 };

/* ---- the MAC ---- */

static size_t append(unsigned char *to, size_t at, const void *from, size_t len)
{
	memcpy(to + at, from, len);
	return at + len;
}

static __u64 mac_by_sodium(const struct sw_key *key, const struct packet *p,
			   __u32 isn, __u32 epoch, __u32 options)
{
	size_t address = p->version == 4 ? 4 : 16, n = 0;
	__be32 isn_sent = bpf_htonl(isn);
	unsigned char bytes[64];
	uint64_t hash;

	n = append(bytes, n, p->saddr, address);
	n = append(bytes, n, p->daddr, address);
	n = append(bytes, n, &p->sport, 2);
	n = append(bytes, n, &p->dport, 2);
	n = append(bytes, n, &isn_sent, 4);
	n = append(bytes, n, &epoch, 4);
	n = append(bytes, n, &options, 3);
	crypto_shorthash((unsigned char *)&hash, bytes, n,
			 (const unsigned char *)key);
	return hash;
}

static const struct form versions[] = {
	{ "IPv4: the MAC is SipHash of the bytes drawn", 4, false },
	{ "IPv6: the MAC is SipHash of the bytes drawn", 6, false },
};

static void mac_equals_sodium(void **state)
{
	const struct form *f = *state;

	for (int i = 0; i < 10000; i++) {
		struct sw_keyring keys = keyring();
		struct packet p = random_syn(f->version);
		__u32 isn = random_u64(), epoch = random_u64();
		__u32 options = random_u64() & 0xffffff;

		assert_int_equal(cookie_mac(keys.key, &p, isn, epoch, options),
				 mac_by_sodium(keys.key, &p, isn, epoch,
					       options));
	}
}

static const struct form layouts[] = {
	{ "IPv4 without timestamps: the ISN has the bits drawn", 4, false },
	{ "IPv6 without timestamps: the ISN has the bits drawn", 6, false },
	{ "IPv4 with timestamps: ISN and TSval have the bits drawn", 4, true },
	{ "IPv6 with timestamps: ISN and TSval have the bits drawn", 6, true },
};

/* With MSS 1460, scale 7, SACK, which is profile 4, and ECN. */
static void layout_is_as_drawn(void **state)
{
	const struct form *f = *state;
	__u32 word = 1460 << 6 | 7 << 2 | 1 << 1 | 1, mac;
	struct sw_keyring keys = keyring();

	for (__u32 epoch = EPOCH; epoch < EPOCH + 2; epoch++) {
		__u64 now = EPOCH_NS(epoch) + random_u64() % (1ULL << 36);
		struct cookie_options o = { .mss = 1460,
					    .wscale = 7,
					    .sack = true,
					    .ecn = true,
					    .timestamps = f->timestamps };
		struct shake s = shake(&keys, f->version, now, o);

		mac = mac_by_sodium(keys.key, &s.syn, s.syn.seq, epoch,
				    f->timestamps ? word | 1U << 23 : 4);
		if (f->timestamps) {
			assert_int_equal(s.cookie.isn,
					 (epoch & 1) << 31 | mac << 1 >> 1);
			assert_int_equal(s.cookie.tsval,
					 (now / 4194304 % 1024) << 22 | word);
		} else {
			assert_int_equal(s.cookie.isn,
					 (epoch & 1) << 31 |
						 (mac & 0x7ffffff0) | 4);
			assert_int_equal(s.cookie.tsval, 0);
		}
	}
}

/* ---- inverses ---- */

static const struct form inverses[] = {
	{ "IPv4 without timestamps: check returns what make left", 4, false },
	{ "IPv6 without timestamps: check returns what make left", 6, false },
	{ "IPv4 with timestamps: check returns all that was offered", 4, true },
	{ "IPv6 with timestamps: check returns all that was offered", 6, true },
};

static void assert_same_options(const struct cookie_options *a,
				const struct cookie_options *b)
{
	assert_int_equal(a->mss, b->mss);
	assert_int_equal(a->wscale, b->wscale);
	assert_int_equal(a->sack, b->sack);
	assert_int_equal(a->ecn, b->ecn);
	assert_int_equal(a->timestamps, b->timestamps);
}

static void assert_comes_back(const struct sw_keyring *keys, __u8 version,
			      const struct cookie_options *offered)
{
	struct shake s = shake(keys, version, NOW, *offered);
	/* garbage, to see that each field is filled */
	struct cookie_options got = { .mss = 1,
				      .wscale = 99,
				      .sack = !s.options.sack,
				      .ecn = !s.options.ecn,
				      .timestamps = !s.options.timestamps };

	assert_true(cookie_check(keys, &s.ack, &s.echo, NOW + 300 * MS, &got));
	assert_same_options(&got, &s.options);
	if (offered->timestamps)
		assert_same_options(&got, offered);
	else
		assert_false(got.ecn);
}

static void check_inverts_make(void **state)
{
	const struct form *f = *state;
	struct sw_keyring keys = keyring();

	for (size_t m = 0; m < ARRAY_LEN(mss_values); m++)
		for (int bits = 0; bits < 64; bits++) {
			struct cookie_options o = {
				.mss = mss_values[m],
				.wscale = bits & 15,
				.sack = bits & 16,
				.ecn = bits & 32,
				.timestamps = f->timestamps,
			};

			assert_comes_back(&keys, f->version, &o);
		}
}

/* ISNs at whose successor the carry runs into P, or out of the word: found by
 * trying all client ISNs, one in 2^27 has them. */
struct carry {
	const char *name;
	__u32 epoch, client_isn, ack_seq;
};

static const struct carry carries[] = {
	{ "an ACK of 2^31 is of an even epoch", EPOCH, 0x045777ba, 1U << 31 },
	{ "an ACK of 0 is of an odd epoch", EPOCH + 1, 0x175cf110, 0 },
};

static void carried_cookie_checks(void **state)
{
	const struct carry *c = *state;
	struct sw_keyring keys = { .key = { { 1, 2 } }, .made_ns = { 1 } };
	struct cookie_options o = { .mss = 536, .wscale = TCPOPT_WSCALE_NONE };
	struct shake s = { .syn = { .version = 4, .seq = c->client_isn } };

	cookie_make(&keys, &s.syn, EPOCH_NS(c->epoch), &o, &s.cookie);
	s.ack = ack_of(&s.syn, &s.cookie);
	assert_int_equal(s.ack.ack_seq, c->ack_seq);
	assert_true(checks(&keys, &s, EPOCH_NS(c->epoch)));
	assert_true(checks(&keys, &s, EPOCH_NS(c->epoch + 1)));
}

/* ---- what is authenticated ---- */

#define FLIPS 64 /* handshakes tried for each bit */

enum flip_what {
	FLIP_SADDR,
	FLIP_DADDR,
	FLIP_SPORT,
	FLIP_DPORT,
	FLIP_CLIENT_ISN,
	FLIP_ISN,
	FLIP_TSECR,
};

struct flip {
	const char *name;
	__u8 version;
	bool timestamps;
	enum flip_what what;
	int first, bits;
	bool accepted;
};

/* clang-format off */
static const struct flip flips[] = {
	{ "IPv4: another client's address", 4, 0, FLIP_SADDR, 0, 32, false },
	{ "IPv4: another of our addresses", 4, 0, FLIP_DADDR, 0, 32, false },
	{ "IPv4: another client's port", 4, 0, FLIP_SPORT, 0, 16, false },
	{ "IPv4: another of our ports", 4, 0, FLIP_DPORT, 0, 16, false },
	{ "IPv4: another client's ISN", 4, 0, FLIP_CLIENT_ISN, 0, 32, false },
	{ "IPv4: another profile", 4, 0, FLIP_ISN, 0, 4, false },
	{ "IPv4: another MAC of 27 bits", 4, 0, FLIP_ISN, 4, 27, false },
	{ "IPv4: another epoch's parity", 4, 0, FLIP_ISN, 31, 1, false },
	{ "IPv4, timestamps: another client's address", 4, 1, FLIP_SADDR, 0, 32,
	  false },
	{ "IPv4, timestamps: another of our addresses", 4, 1, FLIP_DADDR, 0, 32,
	  false },
	{ "IPv4, timestamps: another client's ISN", 4, 1, FLIP_CLIENT_ISN, 0,
	  32, false },
	{ "IPv4, timestamps: another MAC of 31 bits", 4, 1, FLIP_ISN, 0, 31,
	  false },
	{ "IPv4, timestamps: another epoch's parity", 4, 1, FLIP_ISN, 31, 1,
	  false },
	{ "IPv4, timestamps: another ECN, SACK, scale or MSS", 4, 1, FLIP_TSECR,
	  0, 22, false },
	{ "IPv4, timestamps: the 10 bits of time are not authenticated", 4, 1,
	  FLIP_TSECR, 22, 10, true },
	{ "IPv4: what a client without timestamps echoes is not read", 4, 0,
	  FLIP_TSECR, 0, 32, true },
	{ "IPv6: all 128 bits of the client's address", 6, 0, FLIP_SADDR, 0,
	  128, false },
	{ "IPv6: all 128 bits of our address", 6, 0, FLIP_DADDR, 0, 128,
	  false },
	{ "IPv6: another client's port", 6, 0, FLIP_SPORT, 0, 16, false },
	{ "IPv6: another of our ports", 6, 0, FLIP_DPORT, 0, 16, false },
	{ "IPv6: another client's ISN", 6, 0, FLIP_CLIENT_ISN, 0, 32, false },
	{ "IPv6: another profile", 6, 0, FLIP_ISN, 0, 4, false },
	{ "IPv6: another MAC of 27 bits", 6, 0, FLIP_ISN, 4, 27, false },
	{ "IPv6: another epoch's parity", 6, 0, FLIP_ISN, 31, 1, false },
	{ "IPv6, timestamps: all 128 bits of the client's address", 6, 1,
	  FLIP_SADDR, 0, 128, false },
	{ "IPv6, timestamps: all 128 bits of our address", 6, 1, FLIP_DADDR, 0,
	  128, false },
	{ "IPv6, timestamps: another MAC of 31 bits", 6, 1, FLIP_ISN, 0, 31,
	  false },
	{ "IPv6, timestamps: another ECN, SACK, scale or MSS", 6, 1, FLIP_TSECR,
	  0, 22, false },
	{ "IPv6, timestamps: the 10 bits of time are not authenticated", 6, 1,
	  FLIP_TSECR, 22, 10, true },
};
/* clang-format on */

static void flip_bit(struct shake *s, enum flip_what what, int bit)
{
	__u32 one = 1U << (bit & 31);

	switch (what) {
	case FLIP_SADDR:
		s->ack.saddr[bit / 32] ^= one;
		break;
	case FLIP_DADDR:
		s->ack.daddr[bit / 32] ^= one;
		break;
	case FLIP_SPORT:
		s->ack.sport ^= one;
		break;
	case FLIP_DPORT:
		s->ack.dport ^= one;
		break;
	case FLIP_CLIENT_ISN:
		s->ack.seq = ((s->ack.seq - 1) ^ one) + 1;
		break;
	case FLIP_ISN:
		s->ack.ack_seq = (s->cookie.isn ^ one) + 1;
		break;
	case FLIP_TSECR:
		s->echo.tsecr ^= one;
		break;
	}
}

static void flipped_bit_is(void **state)
{
	const struct flip *f = *state;

	for (int i = 0; i < FLIPS * f->bits; i++) {
		struct sw_keyring keys = keyring();
		struct shake s =
			shake(&keys, f->version, NOW, usual[f->timestamps]);

		assert_true(checks(&keys, &s, NOW));
		flip_bit(&s, f->what, f->first + i % f->bits);
		assert_int_equal(checks(&keys, &s, NOW), f->accepted);
	}
}

static void forms_are_not_exchanged(void **state)
{
	struct sw_keyring keys = keyring();

	(void)state;
	for (int i = 0; i < 10000; i++) {
		bool timestamps = i & 1;
		struct shake s =
			shake(&keys, i & 2 ? 4 : 6, NOW, usual[timestamps]);

		s.echo.timestamps = !timestamps;
		assert_false(checks(&keys, &s, NOW));
		/* a TSecr that says nothing but the profile */
		s.echo.tsecr = s.cookie.isn & COOKIE_PROFILE_BITS;
		assert_false(checks(&keys, &s, NOW));
	}
}

/* The verifier asks for these checks; they must not be crashes. */
static void null_is_no_cookie(void **state)
{
	struct sw_keyring keys = keyring();
	struct shake s = shake(&keys, 4, NOW, usual[1]);
	struct cookie_options o;

	(void)state;
	assert_false(cookie_check(NULL, &s.ack, &s.echo, NOW, &o));
	assert_false(cookie_check(&keys, NULL, &s.echo, NOW, &o));
	assert_false(cookie_check(&keys, &s.ack, NULL, NOW, &o));
	assert_false(cookie_check(&keys, &s.ack, &s.echo, NOW, NULL));
	assert_false(cookie_check_old(NULL, &s.ack, &s.echo, NOW));
	assert_false(cookie_check_old(&keys, NULL, &s.echo, NOW));
	assert_false(cookie_check_old(&keys, &s.ack, NULL, NOW));
}

int main(void)
{
	struct table t = {};

	if (sodium_init() < 0)
		return 1;
	table_rows(&t, versions, mac_equals_sodium);
	table_rows(&t, layouts, layout_is_as_drawn);
	table_rows(&t, inverses, check_inverts_make);
	table_rows(&t, carries, carried_cookie_checks);
	table_rows(&t, flips, flipped_bit_is);
	table_case(&t, "a cookie of one form is none of the other",
		   forms_are_not_exchanged, NULL);
	table_case(&t, "a missing argument is no cookie", null_is_no_cookie,
		   NULL);
	return table_run(&t, "cookie");
}
