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
	struct form form;
	int lowest; /* bit of the MAC that is looked at, and the 9 above it */
};

static const struct rate rates[] = {
	{ "IPv4: 10 low bits of the MAC are met by one in 1,024",
	  { "", 4, false },
	  4 },
	{ "IPv4: 10 high bits of the MAC are met by one in 1,024",
	  { "", 4, false },
	  21 },
	{ "IPv6: 10 low bits of the MAC are met by one in 1,024",
	  { "", 6, false },
	  4 },
	{ "IPv4, timestamps: 10 low bits are met by one in 1,024",
	  { "", 4, true },
	  0 },
	{ "IPv4, timestamps: 10 high bits are met by one in 1,024",
	  { "", 4, true },
	  21 },
};

/* As cookie_verify(), but for 10 bits. */
static bool ten_bits_match(const struct sw_keyring *keys, const struct shake *s,
			   int lowest)
{
	__u32 isn = s->ack.ack_seq - 1;
	__u32 options = s->echo.timestamps ?
				(s->echo.tsecr & 0x3fffff) | 1U << 31 :
				isn & 15;
	__u32 epoch = EPOCH - (isn >> 31);

	return !(((cookie_mac(keys->key, &s->ack, s->ack.seq - 1, epoch,
			      options) ^
		   isn) >>
		  lowest) &
		 0x3ff);
}

static void forged_bits_match_at_rate(void **state)
{
	const struct rate *r = *state;
	const int tries = 1 << 20, expected = tries >> 10;
	const int sigma = 32; /* sqrt(2^20 * 2^-10 * (1 - 2^-10)) */
	struct sw_keyring keys = keyring();
	struct shake s = {};
	int hits = 0;

	for (int i = 0; i < tries; i++) {
		random_ack(&s, &r->form);
		hits += ten_bits_match(&keys, &s, r->lowest);
	}
	assert_in_range(hits, expected - 4 * sigma, expected + 4 * sigma);
}

int main(void)
{
	struct table t = {};

	table_rows(&t, forgeries, forged_ack_fails);
	table_rows(&t, rates, forged_bits_match_at_rate);
	return table_run(&t, "forgery");
}
