// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * user/settings.c and user/ports.c: what an operator may write, and that
 * anything else is refused and changes nothing.
 */
#include "unit.h"

#include <errno.h>

#include "ports.h"
#include "settings.h"

struct start {
	const char *name;
	const char *text;
	int percent; /* -EINVAL = refused */
};

static const struct start starts[] = {
	{ "25% is 25", "25%", 25 },
	{ "25 is 25", "25", 25 },
	{ "1 is the least", "1", 1 },
	{ "100% is the most", "100%", 100 },
	{ "0% is refused", "0%", -EINVAL },
	{ "101 is refused", "101", -EINVAL },
	{ "a negative number is refused", "-5", -EINVAL },
	{ "an empty text is refused", "", -EINVAL },
	{ "a bare % is refused", "%", -EINVAL },
	{ "something behind the % is refused", "25%%", -EINVAL },
	{ "something behind the number is refused", "25x", -EINVAL },
	{ "a fraction is refused", "2.5", -EINVAL },
	{ "a number past 64 bits is refused", "99999999999999999999", -EINVAL },
	{ "a leading blank is refused", " 25", -EINVAL },
};

static void start_is(void **state)
{
	const struct start *s = *state;
	unsigned percent = 77;

	if (s->percent < 0) {
		assert_int_equal(settings_start_parse(s->text, &percent),
				 s->percent);
		assert_int_equal(percent, 77);
	} else {
		assert_int_equal(settings_start_parse(s->text, &percent), 0);
		assert_int_equal(percent, s->percent);
	}
}

struct list {
	const char *name;
	const char *text;
	int count;         /* -EINVAL = refused */
	const char *words; /* as written back */
};

static const struct list lists[] = {
	{ "one port", "80", 1, "80" },
	{ "a list", "80,443", 2, "80, 443" },
	{ "a list is written sorted", "443,80", 2, "80, 443" },
	{ "a port named twice counts once", "80,80", 1, "80" },
	{ "a range", "8000-8002", 3, "8000, 8001, 8002" },
	{ "a list with a range", "22,8000-8001", 3, "22, 8000, 8001" },
	{ "a range of one", "80-80", 1, "80" },
	{ "all ports", "1-65535", 65535,
	  "1, 2, 3, 4, 5, 6, 7, 8 and 65527 more" },
	{ "port 0 is refused", "0", -EINVAL, NULL },
	{ "port 65536 is refused", "65536", -EINVAL, NULL },
	{ "a range that runs backwards is refused", "90-80", -EINVAL, NULL },
	{ "an open range is refused", "80-", -EINVAL, NULL },
	{ "an empty list is refused", "", -EINVAL, NULL },
	{ "a trailing comma is refused", "80,", -EINVAL, NULL },
	{ "a double comma is refused", "80,,443", -EINVAL, NULL },
	{ "a word is refused", "http", -EINVAL, NULL },
	{ "a word behind a port is refused", "80,x", -EINVAL, NULL },
};

static void list_is(void **state)
{
	const struct list *l = *state;
	struct ports ports = {};
	char text[PORTS_TEXT];

	if (l->count < 0) {
		assert_int_equal(ports_parse(l->text, &ports), l->count);
		assert_int_equal(ports_count(&ports), 0);
		return;
	}
	assert_int_equal(ports_parse(l->text, &ports), 0);
	assert_int_equal(ports_count(&ports), l->count);
	ports_format(&ports, text);
	assert_string_equal(text, l->words);
}

struct word {
	const char *name;
	const char *text;
	int mode; /* -EINVAL = refused */
};

static const struct word words[] = {
	{ "off", "off", SW_MODE_OFF },
	{ "observe", "observe", SW_MODE_OBSERVE },
	{ "adaptive", "adaptive", SW_MODE_ADAPTIVE },
	{ "always", "always", SW_MODE_ALWAYS },
	{ "a mode in capitals is refused", "Always", -EINVAL },
	{ "half a mode is refused", "alw", -EINVAL },
	{ "no mode is refused", "", -EINVAL },
};

static void word_is(void **state)
{
	const struct word *w = *state;
	enum sw_mode mode = SW_MODES;
	int err = settings_mode_parse(w->text, &mode);

	assert_int_equal(err, w->mode < 0 ? w->mode : 0);
	assert_int_equal(mode, w->mode < 0 ? SW_MODES : w->mode);
	if (!err)
		assert_string_equal(settings_mode_name(mode), w->text);
}

struct bounds {
	const char *name;
	unsigned base_start, base_end; /* what holds */
	unsigned start, end;           /* what was given, 0 = not */
	unsigned want_start, want_end; /* 0 = refused */
};

static const struct bounds bounds[] = {
	{ "nothing given: what holds", 25, 12, 0, 0, 25, 12 },
	{ "by default end is half of start", 25, 0, 0, 0, 25, 12 },
	{ "half of a start of 1 is 1", 25, 0, 1, 0, 1, 1 },
	{ "a new start leaves an end below it", 25, 12, 60, 0, 60, 12 },
	{ "a new start below the end halves", 25, 12, 10, 0, 10, 5 },
	{ "a new end", 25, 12, 0, 25, 25, 25 },
	{ "a new end above start is refused", 25, 12, 0, 26, 0, 0 },
	{ "both", 25, 12, 50, 30, 50, 30 },
	{ "both, and end above start, are refused", 25, 12, 30, 50, 0, 0 },
};

static void bounds_are(void **state)
{
	const struct bounds *b = *state;
	struct settings base = { .start_percent = b->base_start,
				 .end_percent = b->base_end };
	struct settings s = { .start_percent = b->start ?: 77,
			      .end_percent = b->end ?: 77 };
	unsigned given = (b->start ? SETTINGS_START : 0) |
			 (b->end ? SETTINGS_END : 0);
	int err = settings_bounds(given, &base, &s);

	assert_int_equal(err, b->want_start ? 0 : -EINVAL);
	if (err)
		return;
	assert_int_equal(s.start_percent, b->want_start);
	assert_int_equal(s.end_percent, b->want_end);
}

static void conflicts_are_named(void **state)
{
	struct settings in_force, wanted;

	(void)state;
	settings_default(&in_force);
	wanted = in_force;
	assert_null(settings_conflict(SETTINGS_MODE | SETTINGS_START, &wanted,
				      &in_force));
	wanted.start_percent = 30;
	assert_null(settings_conflict(SETTINGS_MODE, &wanted, &in_force));
	assert_string_equal(settings_conflict(SETTINGS_START, &wanted,
					      &in_force),
			    "--start");
	wanted.end_percent = 13;
	assert_string_equal(settings_conflict(SETTINGS_END, &wanted, &in_force),
			    "--end");
	assert_string_equal(settings_conflict(SETTINGS_NAT, &wanted, &in_force),
			    "--despite-nat");
	wanted.mode = SW_MODE_ALWAYS;
	assert_string_equal(
		settings_conflict(SETTINGS_MODE, &wanted, &in_force), "--mode");
	wanted.listed_only = true;
	ports_add(&wanted.ports, 80);
	assert_string_equal(settings_conflict(SETTINGS_PORTS, &wanted,
					      &in_force),
			    "--port");
}

int main(void)
{
	static struct table t;

	table_rows(&t, starts, start_is);
	table_rows(&t, lists, list_is);
	table_rows(&t, words, word_is);
	table_rows(&t, bounds, bounds_are);
	table_case(&t, "what was not given is no conflict", conflicts_are_named,
		   NULL);
	return table_run(&t, "settings");
}
