/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bpf/csum.h against RFC 1071 done by bytes.
 */
#include "csum.h"
#include "unit.h"

#define WORDS_MAX 64

/* RFC 1071 4.1; the checksum as two bytes in network order, as a field. */
static __u16 naive(const unsigned char *b, size_t len)
{
	unsigned long sum = 0;
	unsigned char field[2];
	__u16 ret;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += b[i] << 8 | b[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	field[0] = ~sum >> 8;
	field[1] = ~sum;
	memcpy(&ret, field, 2);
	return ret;
}

struct fold {
	const char *name;
	__u64 sum;
	__u16 field;
};

static const struct fold folds[] = {
	{ "nothing folds to ffff", 0, 0xffff },
	{ "ffff folds to 0", 0xffff, 0 },
	{ "a carry out of 16 bits comes round", 0x1ffff, 0xfffe },
	{ "a carry made by a carry comes round", 0xffffffff, 0 },
	{ "a carry out of 32 bits comes round", 0x1ffffffff, 0xfffe },
	{ "a carry that reaches bit 32 again comes round", 0x1ffff0000ULL,
	  0xfffe },
	{ "2^15 words of ones fold to 0", 0xffffffffULL << 15, 0 },
	{ "the largest that the second step meets folds", 0x7fffffff8000ULL,
	  0 },
	{ "carries run through all three folds", 0x7ffefffe8001ULL, 0x0001 },
};

static void folds_to(void **state)
{
	const struct fold *f = *state;

	assert_int_equal(csum_fold(f->sum), f->field);
}

struct fill {
	const char *name;
	int filling; /* -1 = random */
};

static const struct fill fills[] = {
	{ "random words sum as by RFC 1071", -1 },
	{ "words of zeroes sum as by RFC 1071", 0 },
	{ "words of ones sum as by RFC 1071", 0xff },
	{ "words of 0x80 sum as by RFC 1071", 0x80 },
};

static void sums_as_naive(void **state)
{
	const struct fill *f = *state;
	__u32 word[WORDS_MAX];

	for (int i = 0; i < 20000; i++) {
		int n = i % (WORDS_MAX + 1);

		if (f->filling < 0)
			random_fill(word, sizeof(word));
		else
			memset(word, f->filling, sizeof(word));
		assert_int_equal(csum_fold(csum_words(word, n)),
				 naive((unsigned char *)word, n * 4));
	}
}

int main(void)
{
	struct table t = {};

	table_rows(&t, folds, folds_to);
	table_rows(&t, fills, sums_as_naive);
	return table_run(&t, "csum");
}
