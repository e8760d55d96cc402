/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bpf/siphash.h against the vectors of SipHash's authors (github.com/
 * veorq/SipHash, vectors_sip64: key 00 01 .. 0f, message 00 01 .. as long as
 * the row says) and against libsodium.
 */
#include "siphash.h"
#include "unit.h"

#include <sodium.h>

#define WORDS_MAX 31

struct vector {
	const char *name;
	int len;
	uint64_t hash;
};

static const struct vector vectors[] = {
	{ "the published hash of 0 bytes", 0, 0x726fdb47dd0e0e31 },
	{ "the published hash of 7 bytes", 7, 0xab0200f58b01d137 },
	{ "the published hash of 8 bytes", 8, 0x93f5f5799a932462 },
	{ "the published hash of 15 bytes", 15, 0xa129ca6149be45e5 },
	{ "the published hash of 16 bytes", 16, 0x3f2acc7f57c29bdb },
	{ "the published hash of 24 bytes", 24, 0xb8ad50c6f649af94 },
	{ "the published hash of 32 bytes", 32, 0x7127512f72f27cce },
	{ "the published hash of 40 bytes", 40, 0x0e3ea96b5304a7d0 },
	{ "the published hash of 48 bytes", 48, 0xe612a3cb9ecba951 },
	{ "the published hash of 56 bytes", 56, 0xb78dbfaf3a8d83bd },
};

static uint64_t by_synward(const unsigned char key[16],
			   const unsigned char *message, int len)
{
	__u64 word[WORDS_MAX + 1] = {};
	struct sw_key k;

	memcpy(&k, key, sizeof(k));
	memcpy(word, message, len);
	return siphash(&k, word, len / 8, word[len / 8], len % 8);
}

static uint64_t by_sodium(const unsigned char key[16],
			  const unsigned char *message, int len)
{
	uint64_t hash;

	crypto_shorthash((unsigned char *)&hash, message, len, key);
	return hash;
}

static void has_published_hash(void **state)
{
	const struct vector *v = *state;
	unsigned char count[64];

	for (unsigned int i = 0; i < sizeof(count); i++)
		count[i] = i;
	assert_int_equal(by_sodium(count, count, v->len), v->hash);
	assert_int_equal(by_synward(count, count, v->len), v->hash);
}

static void equals_sodium(void **state)
{
	unsigned char key[16], message[WORDS_MAX * 8 + 7];

	(void)state;
	for (int i = 0; i < 10000; i++) {
		int len = i % (sizeof(message) + 1);

		random_fill(key, sizeof(key));
		random_fill(message, sizeof(message));
		assert_int_equal(by_synward(key, message, len),
				 by_sodium(key, message, len));
	}
}

int main(void)
{
	struct table t = {};

	if (sodium_init() < 0)
		return 1;
	table_rows(&t, vectors, has_published_hash);
	table_case(&t, "10,000 random keys and messages hash as in libsodium",
		   equals_sodium, NULL);
	return table_run(&t, "siphash");
}
