// SPDX-License-Identifier: GPL-2.0-or-later
/* What an operator chooses. Knows no map: maps.c carries it there. */
#include "settings.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

static const char *const mode_names[SW_MODES] = {
	[SW_MODE_OFF] = "off",
	[SW_MODE_OBSERVE] = "observe",
	[SW_MODE_ADAPTIVE] = "adaptive",
	[SW_MODE_ALWAYS] = "always",
};

void settings_default(struct settings *settings)
{
	memset(settings, 0, sizeof(*settings));
	settings->mode = SW_MODE_ADAPTIVE;
	settings->start_percent = 25;
	settings->end_percent = 12;
}

int settings_mode_parse(const char *word, enum sw_mode *ret_mode)
{
	for (enum sw_mode mode = 0; mode < SW_MODES; mode++) {
		if (strcmp(word, mode_names[mode]))
			continue;
		*ret_mode = mode;
		return 0;
	}
	return log_usage("mode \"%s\": expected off, observe, adaptive or "
			 "always",
			 word);
}

static int parse_percent(const char *option, const char *text,
			 unsigned *ret_percent)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long percent = strtoul(text, NULL, 10);

	if (!digits || digits > 3 || percent < 1 || percent > 100 ||
	    (text[digits] && strcmp(text + digits, "%")))
		return log_usage("%s \"%s\": expected 1%% to 100%% of a "
				 "listener's backlog",
				 option, text);
	*ret_percent = percent;
	return 0;
}

int settings_start_parse(const char *text, unsigned *ret_percent)
{
	return parse_percent("--start", text, ret_percent);
}

int settings_end_parse(const char *text, unsigned *ret_percent)
{
	return parse_percent("--end", text, ret_percent);
}

int settings_bounds(unsigned given, const struct settings *base,
		    struct settings *settings)
{
	unsigned start = given & SETTINGS_START ? settings->start_percent :
						  base->start_percent;
	unsigned end = given & SETTINGS_END ? settings->end_percent :
					      base->end_percent;

	if (given & SETTINGS_END && end > start)
		return log_usage("--end %u%%: expected at most --start, which "
				 "is %u%%",
				 end, start);
	if (!end || end > start)
		end = start > 1 ? start / 2 : 1;
	settings->start_percent = start;
	settings->end_percent = end;
	return 0;
}

const char *settings_mode_name(enum sw_mode mode)
{
	return mode < SW_MODES ? mode_names[mode] : "unknown";
}

void settings_mode_format(const struct settings *settings,
			  char text[SETTINGS_TEXT])
{
	const char *name = settings_mode_name(settings->mode);

	if (settings->mode == SW_MODE_ADAPTIVE ||
	    settings->mode == SW_MODE_OBSERVE)
		snprintf(text, SETTINGS_TEXT, "%s (start %u%%, end %u%%)", name,
			 settings->start_percent, settings->end_percent);
	else
		snprintf(text, SETTINGS_TEXT, "%s", name);
}

const char *settings_conflict(unsigned given, const struct settings *wanted,
			      const struct settings *in_force)
{
	if (given & SETTINGS_MODE && wanted->mode != in_force->mode)
		return "--mode";
	if (given & SETTINGS_START &&
	    wanted->start_percent != in_force->start_percent)
		return "--start";
	if (given & SETTINGS_END &&
	    wanted->end_percent != in_force->end_percent)
		return "--end";
	if (given & SETTINGS_PORTS &&
	    (!in_force->listed_only ||
	     !ports_equal(&wanted->ports, &in_force->ports)))
		return "--port";
	if (given & SETTINGS_NAT && !in_force->despite_nat)
		return "--despite-nat";
	return NULL;
}
