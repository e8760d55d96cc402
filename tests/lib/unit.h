/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What unit tests share: tables whose rows are cases, repeatable random
 * numbers, and copies that end exactly where the heap block does.
 */
#ifndef SYNWARD_TEST_UNIT_H
#define SYNWARD_TEST_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* ---- tables ---- */

#define TABLE_MAX 256

struct table {
	struct CMUnitTest test[TABLE_MAX];
	size_t count;
};

static inline void table_case(struct table *t, const char *name,
			      CMUnitTestFunction run, const void *row)
{
	if (t->count == TABLE_MAX)
		abort();
	t->test[t->count++] = (struct CMUnitTest){
		.name = name,
		.test_func = run,
		.initial_state = (void *)row,
	};
}

/* Each row becomes a test of its own, called by its name, a sentence; run
 * gets the row through *state. */
#define table_rows(t, rows, run)                                        \
	do {                                                            \
		for (size_t i = 0; i < ARRAY_LEN(rows); i++)            \
			table_case(t, (rows)[i].name, run, &(rows)[i]); \
	} while (0)

static inline int table_run(const struct table *t, const char *group)
{
	return _cmocka_run_group_tests(group, t->test, t->count, NULL, NULL);
}

/* ---- random numbers, the same in each run: splitmix64 ---- */

static uint64_t random_state = 1;

static inline uint64_t random_u64(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static inline uint32_t random_below(uint32_t bound)
{
	return (random_u64() >> 32) * bound >> 32;
}

static inline void random_fill(void *at, size_t len)
{
	for (unsigned char *b = at; len; b++, len--)
		*b = random_u64();
}

/* ---- frames for the sanitizer to watch ---- */

#define EXACT_ALIGN 2 /* as a frame lies in a ring: its IP header is aligned */

/* A copy at whose end the heap block ends, too. */
static inline unsigned char *exact_copy(const void *from, size_t len)
{
	unsigned char *room = malloc(EXACT_ALIGN + len);

	if (!room)
		abort();
	memcpy(room + EXACT_ALIGN, from, len);
	return room + EXACT_ALIGN;
}

static inline void exact_free(unsigned char *copy)
{
	free(copy - EXACT_ALIGN);
}

#endif
