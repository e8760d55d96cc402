/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bpf/cookie.h: how often somebody who knows no key and guesses is right. By
 * numbers that are the same in each run, so that a test fails always or never.
 */
#include "shake.h"

static const struct form forgeries[] = {
	{ "IPv4: of 1,048,576 random ACKs none is a cookie", 4, false },
	{ "IPv6: of 1,048,576 random ACKs none is a cookie", 6, false },
	{ "IPv4, timestamps: of 1,048,576 none is a cookie", 4, true },
	{ "IPv6, timestamps: of 1,048,576 none is a cookie", 6, true },
};

static void random_ack(struct shake *s, const struct form *f)
{
	__u64 numbers = random_u64(), from = random_u64();

	s->ack.version = f->version;
	s->ack.saddr[0] = from;
	s->ack.sport = from >> 32;
	s->ack.seq = numbers;
	s->ack.ack_seq = numbers >> 32;
	s->echo.timestamps = f->timestamps;
	s->echo.tsecr = random_u64();
}

/* That one of them is one, by chance: 0.8 % at 2^-27; the numbers are always
 * the same and it is not. */
static void forged_ack_fails(void **state)
{
	struct sw_keyring keys = keyring();
	struct shake s = {};

	for (int i = 0; i < 1 << 20; i++) {
		random_ack(&s, *state);
		assert_false(checks(&keys, &s, NOW));
	}
}

struct rate {
	const char *name;
	__u8 version;
	bool timestamps;
	int lowest, count; /* bits of the MAC that must be guessed */
};

/* clang-format off */
static const struct rate rates[] = {
	{ "IPv4: of the MAC's low 8 bits one guess in 256 is right", 4, false,
	  4, 8 },
	{ "IPv4: of its low 10 bits one in 1,024", 4, false, 4, 10 },
	{ "IPv4: of its low 12 bits one in 4,096", 4, false, 4, 12 },
	{ "IPv4: of its middle 10 bits one in 1,024", 4, false, 12, 10 },
	{ "IPv4: of its high 10 bits one in 1,024", 4, false, 21, 10 },
	{ "IPv6: of its low 10 bits one in 1,024", 6, false, 4, 10 },
	{ "IPv6: of its high 10 bits one in 1,024", 6, false, 21, 10 },
	{ "IPv4, timestamps: of its low 8 bits one in 256", 4, true, 0, 8 },
	{ "IPv4, timestamps: of its low 10 bits one in 1,024", 4, true, 0, 10 },
	{ "IPv4, timestamps: of its low 12 bits one in 4,096", 4, true, 0, 12 },
	{ "IPv4, timestamps: of its middle 10 bits one in 1,024", 4, true, 11,
	  10 },
	{ "IPv4, timestamps: of its high 10 bits one in 1,024", 4, true, 21,
	  10 },
	{ "IPv6, timestamps: of its low 10 bits one in 1,024", 6, true, 0, 10 },
	{ "IPv6, timestamps: of its high 10 bits one in 1,024", 6, true, 21,
	  10 },
};
/* clang-format on */

/*
 * Shortens the MAC to the bits in window: the forger is told all the others.
 * Everything else of the guess stays: addresses, ports, sequence numbers,
 * which epoch, and what the cookie is to say of options.
 */
static void tell_all_but(struct shake *s, const struct sw_keyring *keys,
			 __u32 window)
{
	bool timestamps = s->echo.timestamps;
	__u32 isn = s->ack.ack_seq - 1;
	__u32 told = timestamps ? 0x7fffffff : 0x7ffffff0;
	__u32 options = timestamps ? (s->echo.tsecr & 0x3fffff) | 1U << 23 :
				     isn & 15;
	__u32 epoch = EPOCH - (isn >> 31); /* EPOCH is even */
	__u32 mac =
		cookie_mac(keys->key, &s->ack, s->ack.seq - 1, epoch, options);

	told &= ~window;
	s->ack.ack_seq = ((isn & ~told) | (mac & told)) + 1;
}

/* The check itself judges, over the MAC's full length: at as many bits as it
 * has, one in 2^27 and 2^31 follows from the windows that cover it. */
static void forged_mac_passes_at_rate(void **state)
{
	const struct rate *r = *state;
	const struct form form = { "", r->version, r->timestamps };
	const int tries = 1 << 18, expected = tries >> r->count;
	const int sigma = 1 << (18 - r->count) / 2; /* sqrt(expected) */
	const __u32 window = ((1U << r->count) - 1) << r->lowest;
	struct sw_keyring keys = keyring();
	struct shake s = {};
	int passed = 0;

	for (int i = 0; i < tries; i++) {
		random_ack(&s, &form);
		tell_all_but(&s, &keys, window);
		passed += checks(&keys, &s, NOW);
	}
	assert_in_range(passed, expected - 4 * sigma, expected + 4 * sigma);
}

static void mac_is_as_long_as_said(void **state)
{
	(void)state;
	assert_int_equal(__builtin_popcount(COOKIE_PLAIN_MAC_BITS), 27);
	assert_int_equal(__builtin_popcount(COOKIE_MAC_BITS), 31);
}

int main(void)
{
	struct table t = {};

	table_rows(&t, forgeries, forged_ack_fails);
	table_rows(&t, rates, forged_mac_passes_at_rate);
	table_case(&t, "the MAC has 27 bits, with timestamps 31",
		   mac_is_as_long_as_said, NULL);
	return table_run(&t, "forgery");
}
