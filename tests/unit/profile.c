/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bpf/cookie.h's table of profiles, for clients without timestamps: a row
 * says what each class of client loses, and no client is promised more than
 * it offered, whatever it offers.
 */
#include "cookie.h"
#include "unit.h"

#define NONE TCPOPT_WSCALE_NONE
#define PROFILES 16

struct client {
	const char *name;
	__u8 version;
	__u16 mss; /* 0 = not sent */
	__u8 wscale;
	bool sack;
	struct cookie_profile gets;
};

/* clang-format off */
static const struct client clients[] = {
	/* Windows 7 to 11 */
	{ "Windows 10 on Ethernet loses nothing",
	  4, 1460, 8, true, { 1460, 8, true } },
	{ "Windows 10 over IPv6 loses nothing",
	  6, 1440, 8, true, { 1440, 8, true } },
	{ "Windows 10 over PPPoE loses 12 bytes of MSS",
	  4, 1452, 8, true, { 1440, 8, true } },
	{ "Windows 10 over IPv6 and PPPoE loses 60 bytes of MSS",
	  6, 1420, 8, true, { 1360, 8, true } },
	{ "Windows 10 on a mobile network loses 40 bytes of MSS",
	  4, 1400, 8, true, { 1360, 8, true } },
	{ "Windows 10 in a WireGuard tunnel loses 20 bytes of MSS",
	  4, 1380, 8, true, { 1360, 8, true } },
	{ "Windows 10 in a tunnel with MSS 1300 loses 80 bytes of MSS",
	  4, 1300, 8, true, { 1220, 8, true } },
	{ "Windows 10 at IPv6's minimum MTU loses nothing",
	  6, 1220, 8, true, { 1220, 8, true } },
	{ "Windows 10 with jumbo frames gets Ethernet's MSS",
	  4, 8960, 8, true, { 1460, 8, true } },
	{ "Windows 10 with MSS 1200 loses most: MSS, scale and SACK",
	  4, 1200, 8, true, { 536, 0, false } },
	{ "Windows 7 with scale 2 loses nothing",
	  4, 1460, 2, true, { 1460, 2, true } },
	{ "Windows 7 with scale 2 over IPv6 loses 80 bytes of MSS",
	  6, 1440, 2, true, { 1360, 2, true } },
	{ "Windows 7 without scale loses nothing",
	  4, 1460, NONE, true, { 1460, NONE, true } },
	/* Linux and those like it */
	{ "Linux without timestamps loses nothing",
	  4, 1460, 7, true, { 1460, 7, true } },
	{ "Linux without timestamps over IPv6 loses 80 bytes of MSS",
	  6, 1440, 7, true, { 1360, 7, true } },
	{ "Linux without timestamps on a mobile network loses 40 of MSS",
	  4, 1400, 7, true, { 1360, 7, true } },
	{ "Linux with barely an option, MSS alone, loses nothing",
	  4, 1460, NONE, false, { 1460, NONE, false } },
	{ "Linux without timestamps in a narrow tunnel keeps scale 5",
	  4, 1300, 7, true, { 1220, 5, true } },
	{ "an appliance with scale 5 loses 240 bytes of MSS",
	  4, 1460, 5, true, { 1220, 5, true } },
	{ "a BSD with scale 6 loses half its window, 240 bytes of MSS",
	  4, 1460, 6, true, { 1220, 5, true } },
	{ "nobody with scale 14 gets more than 8",
	  4, 1460, 14, true, { 1460, 8, true } },
	/* the old and the small */
	{ "Windows XP with scale 0 loses 240 bytes of MSS",
	  4, 1460, 0, true, { 1220, 0, true } },
	{ "Windows XP with scale 1 loses half its window, and of MSS",
	  4, 1460, 1, true, { 1220, 0, true } },
	{ "Windows XP without scale loses nothing",
	  4, 1460, NONE, true, { 1460, NONE, true } },
	{ "Windows XP without scale over PPPoE loses 232 of MSS",
	  4, 1452, NONE, true, { 1220, NONE, true } },
	{ "Solaris 10 over IPv6 loses 220 bytes of MSS",
	  6, 1440, 0, true, { 1220, 0, true } },
	{ "a Nintendo 3DS loses 140 bytes of MSS",
	  4, 1360, NONE, true, { 1220, NONE, true } },
	{ "OpenVMS, scale without SACK, gets the least MSS",
	  4, 1460, 0, false, { 536, 0, false } },
	{ "NeXTSTEP with MSS 1024 gets the least MSS",
	  4, 1024, NONE, false, { 536, NONE, false } },
	{ "nmap's SYN scan loses nothing",
	  4, 1460, NONE, false, { 1460, NONE, false } },
	{ "nmap's OS probe with scale 10 gets 8",
	  4, 1460, 10, true, { 1460, 8, true } },
	/* no options */
	{ "IPv4 without any option gets 536",
	  4, 0, NONE, false, { 536, NONE, false } },
	{ "IPv6 without any option gets 1220",
	  6, 0, NONE, false, { 1220, NONE, false } },
	{ "IPv4 with MSS 100 gets 536, as from Linux",
	  4, 100, NONE, false, { 536, NONE, false } },
	{ "IPv6 with MSS 536 gets 1220, as from Linux",
	  6, 536, 8, true, { 1220, 8, true } },
};
/* clang-format on */

/* What the client's connection will have, through the real make and check. */
static struct cookie_options granted(__u8 version,
				     const struct cookie_options *offered)
{
	static const struct sw_keyring keys = { .key = { { 1, 2 } } };
	struct packet p = { .version = version, .seq = 1000 };
	struct cookie_options o = *offered, got = {};
	struct tcpopt ack = { .wscale = NONE };
	struct cookie c;

	cookie_make(&keys, &p, 1ULL << 60, &o, &c);
	p.ack_seq = c.isn + 1;
	p.seq++;
	assert_true(cookie_check(&keys, &p, &ack, 1ULL << 60, &got));
	assert_int_equal(got.mss, o.mss);
	assert_int_equal(got.wscale, o.wscale);
	assert_int_equal(got.sack, o.sack);
	return got;
}

static void client_gets(void **state)
{
	const struct client *c = *state;
	struct cookie_options offered = {
		.mss = c->mss, .wscale = c->wscale, .sack = c->sack, .ecn = true
	};
	struct cookie_options got = granted(c->version, &offered);

	assert_int_equal(got.mss, c->gets.mss);
	assert_int_equal(got.wscale, c->gets.wscale);
	assert_int_equal(got.sack, c->gets.sack);
	assert_false(got.ecn);
	assert_false(got.timestamps);
}

/* ---- every offer ---- */

struct offers {
	const char *name;
	__u8 version;
	__u16 mss_min;
};

static const struct offers offers[] = {
	{ "IPv4: no offer is answered with more than it said", 4, 536 },
	{ "IPv6: no offer is answered with more than it said", 6, 1220 },
};

static const struct offers firsts[] = {
	{ "IPv4: the profile is the first that fits", 4, 536 },
	{ "IPv6: the profile is the first that fits", 6, 1220 },
};

/* Calls judge() for all MSS to 9000, scales and SACK. */
static void each_offer(const struct offers *all,
		       void (*judge)(const struct offers *,
				     const struct cookie_options *))
{
	for (__u32 mss = 0; mss <= 9000; mss++)
		for (int bits = 0; bits < 32; bits++) {
			struct cookie_options o = { .mss = mss,
						    .wscale = bits & 15,
						    .sack = bits & 16 };

			judge(all, &o);
		}
}

static void judge_promise(const struct offers *all,
			  const struct cookie_options *o)
{
	struct cookie_options got;
	__u32 most = o->mss > all->mss_min ? o->mss : all->mss_min;

	cookie_unprofile(cookie_profile_pick(all->version, o), all->version,
			 &got);
	assert_in_range(got.mss, all->mss_min, most);
	assert_int_equal(got.wscale == NONE, o->wscale == NONE);
	assert_true(got.wscale <= o->wscale);
	assert_true(got.wscale == NONE || got.wscale <= 14);
	assert_true(o->sack || !got.sack);
	assert_false(got.ecn);
	assert_false(got.timestamps);
}

/* Said again, in other words than cookie_profile_fits(). */
static bool fits(const struct offers *all, const struct cookie_profile *p,
		 const struct cookie_options *o)
{
	__u16 promised = p->mss < all->mss_min ? all->mss_min : p->mss;

	if (p->sack && !o->sack)
		return false;
	if (promised > all->mss_min && promised > o->mss)
		return false;
	if (o->wscale == NONE || p->wscale == NONE)
		return o->wscale == p->wscale;
	return p->wscale <= o->wscale;
}

static void judge_first(const struct offers *all,
			const struct cookie_options *o)
{
	__u32 first = 0;

	while (first < PROFILES && !fits(all, &cookie_profiles[first], o))
		first++;
	assert_int_equal(cookie_profile_pick(all->version, o), first);
}

static void promises_no_more(void **state)
{
	each_offer(*state, judge_promise);
}

static void picks_first(void **state)
{
	each_offer(*state, judge_first);
}

/* ---- the table itself ---- */

/* a promises at least what b does, to the same kind of client. */
static bool covers(const struct cookie_profile *a,
		   const struct cookie_profile *b)
{
	return (a->wscale == NONE) == (b->wscale == NONE) && a->mss >= b->mss &&
	       a->wscale >= b->wscale && a->sack >= b->sack;
}

static void none_is_in_vain(void **state)
{
	(void)state;
	for (int later = 1; later < PROFILES; later++)
		for (int i = 0; i < later; i++)
			assert_false(covers(&cookie_profiles[later],
					    &cookie_profiles[i]));
}

int main(void)
{
	struct table t = {};

	table_rows(&t, clients, client_gets);
	table_rows(&t, offers, promises_no_more);
	table_rows(&t, firsts, picks_first);
	table_case(&t, "no profile stands behind one that it betters",
		   none_is_in_vain, NULL);
	return table_run(&t, "profile");
}
