// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line: options, operands, and which command they are for. */
#include "cmd.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "synward.h"

#define CMD_GRACE_SECONDS 3
#define CMD_GRACE_MAX 3600

enum {
	OPT_PIN_DIR = 256,
	OPT_MODE,
	OPT_START,
	OPT_END,
	OPT_PORT,
	OPT_XDP,
	OPT_ALL,
	OPT_NAT,
	OPT_GRACE,
	OPT_KEY_FILE,
	OPT_VERSION
};

static const struct option long_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "pin-dir", required_argument, NULL, OPT_PIN_DIR },
	{ "mode", required_argument, NULL, OPT_MODE },
	{ "start", required_argument, NULL, OPT_START },
	{ "end", required_argument, NULL, OPT_END },
	{ "port", required_argument, NULL, OPT_PORT },
	{ "xdp", required_argument, NULL, OPT_XDP },
	{ "all", no_argument, NULL, OPT_ALL },
	{ "despite-nat", no_argument, NULL, OPT_NAT },
	{ "grace", required_argument, NULL, OPT_GRACE },
	{ "key-file", required_argument, NULL, OPT_KEY_FILE },
	{}
};

/* The long option that getopt returns as this; NULL if there is none. */
static const struct option *find_option(int value)
{
	for (const struct option *o = long_options; o->name; o++)
		if (o->val == value)
			return o;
	return NULL;
}

static const struct {
	enum cmd_option bit;
	const char *name;
} belongings[] = {
	{ CMD_MODE, "--mode" },         { CMD_START, "--start" },
	{ CMD_END, "--end" },           { CMD_PORT, "--port" },
	{ CMD_NAT, "--despite-nat" },   { CMD_XDP, "--xdp" },
	{ CMD_ALL, "--all" },           { CMD_GRACE, "--grace" },
	{ CMD_KEY_FILE, "--key-file" },
};

static int parse_grace(const char *text, __u64 *ret_ns)
{
	double seconds;
	char *end;

	if (*text && strspn(text, "0123456789.") == strlen(text)) {
		seconds = strtod(text, &end);
		if (!*end && seconds <= CMD_GRACE_MAX) {
			*ret_ns = seconds * CLOCK_SECOND_NS;
			return 0;
		}
	}
	return log_usage("--grace \"%s\": expected seconds, 0 to %d", text,
			 CMD_GRACE_MAX);
}

static int parse_own(struct cmd_args *args, int option, const char *value)
{
	switch (option) {
	case OPT_MODE:
		args->given |= CMD_MODE;
		return settings_mode_parse(value, &args->settings.mode);
	case OPT_START:
		args->given |= CMD_START;
		return settings_start_parse(value,
					    &args->settings.start_percent);
	case OPT_END:
		args->given |= CMD_END;
		return settings_end_parse(value, &args->settings.end_percent);
	case OPT_PORT:
		args->given |= CMD_PORT;
		args->settings.listed_only = true;
		return ports_parse(value, &args->settings.ports);
	case OPT_XDP:
		args->given |= CMD_XDP;
		return dataplane_xdp_parse(value, &args->xdp);
	case OPT_GRACE:
		args->given |= CMD_GRACE;
		return parse_grace(value, &args->grace_ns);
	case OPT_KEY_FILE:
		args->given |= CMD_KEY_FILE;
		args->key_file = value;
		return 0;
	case OPT_NAT:
		args->given |= CMD_NAT;
		args->settings.despite_nat = true;
		return 0;
	default:
		args->given |= CMD_ALL;
		return 0;
	}
}

/* Which long options begin like this, if two of them do; else NULL. */
static const struct option *find_rival(const char *word,
				       const struct option **ret_first)
{
	size_t len = strcspn(word, "=");

	*ret_first = NULL;
	for (const struct option *o = long_options; o->name; o++) {
		if (strncmp(o->name, word, len))
			continue;
		if (*ret_first)
			return o;
		*ret_first = o;
	}
	return NULL;
}

/* word is the argument that getopt took last; optopt what it made of it. */
static int refuse_option(const char *word)
{
	const struct option *known = optopt ? find_option(optopt) : NULL;
	const struct option *first, *rival;

	if (known)
		return log_usage("--%s: takes no value: synward help",
				 known->name);
	if (optopt)
		return log_usage("-%c: no such option: synward help", optopt);
	rival = find_rival(word + strlen("--"), &first);
	if (rival)
		return log_usage("%s: is ambiguous: --%s or --%s? synward help",
				 word, first->name, rival->name);
	return log_usage("%s: no such option: synward help", word);
}

/* Of two values one would be forgotten. */
static int refuse_twice(unsigned *given, int option)
{
	const struct option *o = find_option(option);
	unsigned bit = o ? 1U << (o - long_options) : 0;

	if (!o || o->has_arg == no_argument)
		return 0;
	if (*given & bit)
		return log_usage("--%s: given twice", o->name);
	*given |= bit;
	return 0;
}

static int parse_one(struct cmd_args *args, int option, char **argv)
{
	switch (option) {
	case 'j':
		args->json = true;
		return 0;
	case 'v':
		args->level = LOG_VERBOSE;
		return 0;
	case 'q':
		args->level = LOG_QUIET;
		return 0;
	case 'h':
		args->help = true;
		return 0;
	case OPT_VERSION:
		args->version = true;
		return 0;
	case OPT_PIN_DIR:
		args->pin_dir = optarg;
		return 0;
	case ':':
		return log_usage("%s: expected a value behind it: synward help",
				 argv[optind - 1]);
	case '?':
		return refuse_option(argv[optind - 1]);
	default:
		return parse_own(args, option, optarg);
	}
}

int cmd_parse(int argc, char **argv, struct cmd_args *ret_args)
{
	struct cmd_args args = {
		.level = LOG_NORMAL,
		.pin_dir = SW_PIN_DIR,
		.grace_ns = CMD_GRACE_SECONDS * CLOCK_SECOND_NS,
	};
	unsigned given = 0;
	int option, err = 0;

	settings_default(&args.settings);
	optind = 0; /* from the start, also the second time */
	opterr = 0;
	while (!err && (option = getopt_long(argc, argv, ":jvqh", long_options,
					     NULL)) != -1)
		err = refuse_twice(&given, option) ?:
			      parse_one(&args, option, argv);
	if (err)
		return err;
	if (optind < argc)
		args.command = argv[optind++];
	args.operands = argv + optind;
	args.count = argc - optind;
	*ret_args = args;
	return 0;
}

int cmd_check(const struct cmd *cmd, const struct cmd_args *args)
{
	for (size_t i = 0; i < sizeof(belongings) / sizeof(*belongings); i++)
		if (args->given & belongings[i].bit & ~cmd->options)
			return log_usage("%s: is no option of %s: synward help "
					 "%s",
					 belongings[i].name, cmd->name,
					 cmd->name);
	if (args->count > cmd->operands_max)
		return log_usage("%s \"%s\": expected nothing behind it: "
				 "synward help %s",
				 cmd->name, args->operands[cmd->operands_max],
				 cmd->name);
	return 0;
}

/* Edits from one word to the other (Levenshtein), for short words. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[16], diagonal, above;

	for (size_t k = 0; k < 16; k++)
		row[k] = k;
	for (size_t i = 0; a[i]; i++) {
		diagonal = row[0]++;
		for (size_t k = 0; b[k] && k < 15; k++) {
			above = row[k + 1];
			row[k + 1] = diagonal + (a[i] != b[k]);
			if (row[k + 1] > above + 1)
				row[k + 1] = above + 1;
			if (row[k + 1] > row[k] + 1)
				row[k + 1] = row[k] + 1;
			diagonal = above;
		}
	}
	return row[strnlen(b, 15)];
}

const struct cmd *cmd_find(const struct cmd *commands, const char *name)
{
	const struct cmd *nearest = commands;

	for (const struct cmd *c = commands; c->name; c++) {
		if (!strcmp(c->name, name))
			return c;
		if (distance(name, c->name) < distance(name, nearest->name))
			nearest = c;
	}
	if (distance(name, nearest->name) <= 2)
		log_usage("%s: no such command; do you mean %s?", name,
			  nearest->name);
	else
		log_usage("%s: no such command: synward help", name);
	return NULL;
}
