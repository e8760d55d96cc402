/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bpf/cookie.h in time: how many epochs a cookie lives, under which key, what
 * a retransmitted SYN gets, and the round trip that the time field measures.
 */
#include "shake.h"

/* ---- lifetime ---- */

struct life {
	const char *name;
	int epochs; /* from making to checking */
	bool valid, old;
};

static const struct life lives[] = {
	{ "a cookie is refused in the epoch before its own", -1, false, false },
	{ "a cookie is valid in its own epoch", 0, true, false },
	{ "a cookie is valid in the next epoch", 1, true, false },
	{ "a cookie is old two epochs later", 2, false, true },
	{ "a cookie is old three epochs later", 3, false, true },
	{ "a cookie is nothing at all four epochs later", 4, false, false },
	{ "a cookie is nothing at all five epochs later", 5, false, false },
};

static void assert_life(const struct life *l, __u8 version, bool timestamps,
			__u32 epoch)
{
	__u64 last = (1ULL << SW_EPOCH_SHIFT) - 1;
	struct sw_keyring keys = keyring();

	for (int i = 0; i < 4; i++) { /* first and last instants of epochs */
		__u64 made = EPOCH_NS(epoch) + (i & 1 ? last : 0);
		__u64 now = EPOCH_NS(epoch + l->epochs) + (i & 2 ? last : 0);
		struct shake s = shake(&keys, version, made, usual[timestamps]);

		assert_int_equal(checks(&keys, &s, now), l->valid);
		/* callers ask whether it is old only when it is not valid */
		if (!l->valid)
			assert_int_equal(cookie_check_old(&keys, &s.ack,
							  &s.echo, now),
					 l->old);
	}
}

static void lives_as_long_as(void **state)
{
	for (int i = 0; i < 8; i++)
		assert_life(*state, i & 1 ? 4 : 6, i & 2, EPOCH + !!(i & 4));
}

/* ---- keys ---- */

#define FROM (EPOCH + 2) /* from which the second key is in force */

struct generation {
	const char *name;
	__u32 epoch;
	bool second_made;
	int key;
};

/* clang-format off */
static const struct generation generations[] = {
	{ "with one key, the first is in force long before", EPOCH, 0, 0 },
	{ "with one key, the first is in force in any epoch", FROM, 0, 0 },
	{ "with one key, the first is in force long after", FROM + 99, 0, 0 },
	{ "with two, the first is in force before second_from", FROM - 1, 1,
	  0 },
	{ "with two, the second is in force from second_from", FROM, 1, 1 },
	{ "with two, the second stays in force", FROM + 99, 1, 1 },
};
/* clang-format on */

static void epoch_has_key(void **state)
{
	const struct generation *g = *state;
	struct sw_keyring keys = keyring(), other;

	keys.second_from = FROM;
	keys.made_ns[1] = g->second_made;
	other = keys;
	random_fill(&other.key[!g->key], sizeof(other.key[0]));
	for (int i = 0; i < 4; i++) {
		struct shake s = shake(&keys, i & 1 ? 4 : 6, EPOCH_NS(g->epoch),
				       usual[i >> 1]);

		/* whatever the key that is not in force: it has no part */
		assert_true(checks(&other, &s, EPOCH_NS(g->epoch)));
		assert_true(checks(&other, &s, EPOCH_NS(g->epoch + 1)) ||
			    (g->second_made && g->epoch + 1 == FROM));
		random_fill(&other.key[g->key], sizeof(other.key[0]));
		assert_false(checks(&other, &s, EPOCH_NS(g->epoch)));
		other.key[g->key] = keys.key[g->key];
	}
}

struct roll {
	const char *name;
	int made, checked; /* epochs from FROM */
	bool made_before;  /* the roll; else with it already in the keyring */
	bool valid;
};

/* clang-format off */
static const struct roll rolls[] = {
	{ "made before the roll, checked before it is in force", -2, -1, true,
	  true },
	{ "made before the roll, checked in the next epoch", -1, 0, true,
	  true },
	{ "made after the roll, before it is in force", -2, -1, false, true },
	{ "made under the first key, checked under the second", -1, 0, false,
	  true },
	{ "made under the second key, checked in its epoch", 0, 0, false,
	  true },
	{ "made under the second key, checked in the next", 0, 1, false, true },
	{ "made too long before the roll", -2, 0, true, false },
	{ "made by somebody who missed the roll", 0, 0, true, false },
};
/* clang-format on */

static void survives_roll(void **state)
{
	const struct roll *r = *state;
	struct sw_keyring after = keyring(), before;

	after.second_from = FROM;
	after.made_ns[1] = 2;
	before = after;
	before.made_ns[1] = 0;
	for (int i = 0; i < 4; i++) {
		struct shake s = shake(r->made_before ? &before : &after,
				       i & 1 ? 4 : 6, EPOCH_NS(FROM + r->made),
				       usual[i >> 1]);

		assert_int_equal(checks(&after, &s,
					EPOCH_NS(FROM + r->checked)),
				 r->valid);
	}
}

/* The second key becomes the first one of the next roll. */
static void survives_next_roll(void **state)
{
	struct sw_keyring keys = keyring(), next;

	(void)state;
	keys.second_from = FROM;
	keys.made_ns[1] = 2;
	next = keys;
	next.key[0] = keys.key[1];
	random_fill(&next.key[1], sizeof(next.key[1]));
	next.second_from = FROM + 3;
	for (int i = 0; i < 4; i++) {
		struct shake s = shake(&keys, i & 1 ? 4 : 6, EPOCH_NS(FROM),
				       usual[i >> 1]);

		assert_true(checks(&next, &s, EPOCH_NS(FROM + 1)));
		s = shake(&next, i & 1 ? 4 : 6, EPOCH_NS(FROM + 2),
			  usual[i >> 1]);
		assert_true(checks(&next, &s, EPOCH_NS(FROM + 3)));
	}
}

/* ---- retransmission ---- */

static const struct form retransmissions[] = {
	{ "IPv4: a retransmitted SYN gets the same ISN", 4, false },
	{ "IPv6: a retransmitted SYN gets the same ISN", 6, false },
	{ "IPv4, timestamps: it differs only in the time", 4, true },
	{ "IPv6, timestamps: it differs only in the time", 6, true },
};

static void retransmitted_syn_gets_same(void **state)
{
	const struct form *f = *state;
	struct sw_keyring keys = keyring();

	for (int i = 0; i < 1000; i++) {
		__u64 then = NOW + random_below(1000) * MS;
		struct shake s =
			shake(&keys, f->version, NOW, usual[f->timestamps]);
		struct cookie_options o = usual[f->timestamps];
		struct cookie c;

		cookie_make(&keys, &s.syn, then, &o, &c);
		assert_int_equal(c.isn, s.cookie.isn);
		assert_int_equal((c.tsval ^ s.cookie.tsval) << 10, 0);
		cookie_make(&keys, &s.syn, EPOCH_NS(EPOCH + 1), &o, &c);
		assert_int_not_equal(c.isn, s.cookie.isn);
	}
}

/* ---- round trip ---- */

#define PERIOD_NS (1ULL << 32) /* of the time field */

struct trip {
	const char *name;
	__u64 made_ns;
	__u64 took_ns;
	__u32 least_ms, most_ms;
};

/* clang-format off */
static const struct trip trips[] = {
	{ "no time is 0 ms", NOW, 0, 0, 0 },
	{ "4 ms is 0 or one tick of 4.2", NOW, 4 * MS, 0, 4 },
	{ "one tick is 4 ms", EPOCH_NS(EPOCH), 1 << 22, 4, 4 },
	{ "300 ms, a tick more or less", NOW, 300 * MS, 296, 304 },
	{ "999 ms, a tick more or less", NOW, 999 * MS, 995, 1003 },
	{ "300 ms while the time field wraps", EPOCH_NS(EPOCH) - 100 * MS,
	  300 * MS, 296, 304 },
	{ "4 ms while the time field wraps", EPOCH_NS(EPOCH) - 1, 4 * MS, 4,
	  4 },
	{ "the longest, a tick short of 4.3 s", EPOCH_NS(EPOCH),
	  PERIOD_NS - 1, 4290, 4290 },
	{ "after 4.3 s it begins again", NOW, PERIOD_NS, 0, 0 },
	{ "4.3 s and 300 ms look like 300 ms", NOW, PERIOD_NS + 300 * MS, 296,
	  304 },
};
/* clang-format on */

static void trip_is_measured(void **state)
{
	const struct trip *t = *state;
	struct sw_keyring keys = keyring();
	struct shake s = shake(&keys, 4, t->made_ns, usual[1]);
	__u32 rtt = cookie_rtt_ms(s.cookie.tsval, t->made_ns + t->took_ns);

	assert_in_range(rtt, t->least_ms, t->most_ms);
}

int main(void)
{
	struct table t = {};

	table_rows(&t, lives, lives_as_long_as);
	table_rows(&t, generations, epoch_has_key);
	table_rows(&t, rolls, survives_roll);
	table_case(&t, "a cookie survives the roll after the roll",
		   survives_next_roll, NULL);
	table_rows(&t, retransmissions, retransmitted_syn_gets_same);
	table_rows(&t, trips, trip_is_measured);
	return table_run(&t, "lifetime");
}
