// SPDX-License-Identifier: GPL-2.0-or-later
/* bpf/consumed.h: a cookie opens once, for as long as it would verify, and what
 * a full bucket forgets. */
#include "unit.h"

#include "consumed.h"

#define SECOND 1000000000ULL
#define EPOCH (1ULL << SW_EPOCH_SHIFT)
#define NOW (1000 * EPOCH)
#define COOKIE consumed_cookie(0x12345678, 0x9abcdef0)

static bool remember(struct sw_consumed_bucket *b, __u64 cookie, __u64 now_ns)
{
	return consumed_remember(b, cookie, now_ns);
}

static bool before(const struct sw_consumed_bucket *b, __u64 cookie,
		   __u64 now_ns)
{
	return consumed_before(b, cookie, now_ns);
}

static void opens_once(void **state)
{
	struct sw_consumed_bucket b = {};

	(void)state;
	assert_false(before(&b, COOKIE, NOW));
	assert_false(remember(&b, COOKIE, NOW));
	assert_true(before(&b, COOKIE, NOW));
	assert_true(before(&b, COOKIE, NOW + 60 * SECOND));
	assert_false(before(&b, COOKIE + 1, NOW));
	assert_false(before(&b, COOKIE ^ 1ULL << 63, NOW));
}

static void lasts_two_epochs(void **state)
{
	struct sw_consumed_bucket b = {};

	(void)state;
	remember(&b, COOKIE, NOW);
	assert_true(before(&b, COOKIE, NOW + 2 * EPOCH));
	assert_false(before(&b, COOKIE, NOW + 2 * EPOCH + 1));
}

static void clocks_may_differ(void **state)
{
	struct sw_consumed_bucket b = {};

	(void)state;
	for (int i = 0; i < SW_CONSUMED_WAYS; i++)
		remember(&b, COOKIE + i, NOW + i);
	assert_true(before(&b, COOKIE + 3, NOW));
	assert_true(remember(&b, COOKIE + 100, NOW));
	assert_true(before(&b, COOKIE + 3, NOW));
}

static void twice_is_one_entry(void **state)
{
	struct sw_consumed_bucket b = {};

	(void)state;
	assert_false(remember(&b, COOKIE, NOW));
	assert_false(remember(&b, COOKIE, NOW + SECOND));
	assert_int_equal(b.entry[1].cookie, 0);
	assert_true(before(&b, COOKIE, NOW + SECOND + 2 * EPOCH));
}

static void forgets_the_oldest(void **state)
{
	struct sw_consumed_bucket b = {};
	__u64 now_ns = NOW;

	(void)state;
	for (int i = 0; i < SW_CONSUMED_WAYS; i++, now_ns += SECOND)
		assert_false(remember(&b, COOKIE + i, now_ns));
	/* that is all there is room for */
	assert_true(remember(&b, COOKIE + 100, now_ns));
	assert_false(before(&b, COOKIE, now_ns));
	for (int i = 1; i < SW_CONSUMED_WAYS; i++)
		assert_true(before(&b, COOKIE + i, now_ns));
	assert_true(before(&b, COOKIE + 100, now_ns));
}

static void expired_ones_make_room(void **state)
{
	struct sw_consumed_bucket b = {};

	(void)state;
	for (int i = 0; i < SW_CONSUMED_WAYS; i++)
		remember(&b, COOKIE + i, NOW);
	for (int i = 0; i < SW_CONSUMED_WAYS; i++)
		assert_false(remember(&b, COOKIE + 100 + i,
				      NOW + 2 * EPOCH + SECOND));
}

static void all_at_once(void **state)
{
	struct sw_consumed_bucket b = {};

	(void)state;
	for (int i = 0; i < SW_CONSUMED_WAYS; i++)
		assert_false(remember(&b, COOKIE + i, NOW));
	assert_true(remember(&b, COOKIE + 100, NOW));
	assert_true(before(&b, COOKIE + 100, NOW));
}

/* How many of n cookies a table of our size has to forget. */
static unsigned int forgotten_of(unsigned int n)
{
	struct sw_consumed_bucket *table =
		calloc(SW_CONSUMED_BUCKETS, sizeof(*table));
	unsigned int forgotten = 0;

	assert_non_null(table);
	for (unsigned int i = 0; i < n; i++) {
		__u64 cookie = random_u64() | 1;

		forgotten += remember(&table[consumed_bucket(cookie)], cookie,
				      NOW + i);
	}
	free(table);
	return forgotten;
}

static void the_table_overflows_late(void **state)
{
	const unsigned int room = SW_CONSUMED_BUCKETS * SW_CONSUMED_WAYS;
	unsigned int quarter = forgotten_of(room / 4);
	unsigned int full = forgotten_of(room), twice = forgotten_of(2 * room);

	(void)state;
	print_message("# of %u cookies forgotten: %u when a quarter full, %u "
		      "when full, %u of twice as many\n",
		      room, quarter, full, twice);
	assert_in_range(quarter, 0, room / 4 / 100);
	assert_in_range(full, room / 10, room / 4);
	assert_in_range(twice, room, 2 * room);
}

int main(void)
{
	static struct table t;

	table_case(&t, "a cookie opens once", opens_once, NULL);
	table_case(&t, "it is remembered for as long as it would verify",
		   lasts_two_epochs, NULL);
	table_case(&t, "a cookie used a moment ahead of the clock is used",
		   clocks_may_differ, NULL);
	table_case(&t, "a cookie takes one entry, its last use counts",
		   twice_is_one_entry, NULL);
	table_case(&t, "a full bucket forgets the oldest", forgets_the_oldest,
		   NULL);
	table_case(&t, "expired cookies make room uncounted",
		   expired_ones_make_room, NULL);
	table_case(&t, "a bucket filled all at once takes another cookie",
		   all_at_once, NULL);
	table_case(&t, "a table a quarter full forgets less than 1 %",
		   the_table_overflows_late, NULL);
	return table_run(&t, "consumed");
}
