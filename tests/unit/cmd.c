// SPDX-License-Identifier: GPL-2.0-or-later
/* user/cmd.c: what a command line means, and which ones are refused. */
#include "unit.h"

#include <errno.h>

#include "cmd.h"

#define ARGS_MAX 8

struct line {
	const char *name;
	const char *argv[ARGS_MAX];
	int err;
	unsigned given; /* enum cmd_option */
};

static const struct line lines[] = {
	{ "no arguments are a command line", {}, 0, 0 },
	{ "options of a command are noted",
	  { "attach", "d0", "--port=80", "--mode", "always" },
	  0,
	  CMD_PORT | CMD_MODE },
	{ "an option may be cut short", { "--po", "80" }, 0, CMD_PORT },
	{ "a cut that fits two is refused", { "--p", "80" }, -EINVAL, 0 },
	{ "a value where none belongs is refused", { "--json=1" }, -EINVAL, 0 },
	{ "--despite-nat is noted", { "attach", "--despite-nat" }, 0, CMD_NAT },
	{ "a value behind --all is refused", { "--all=1" }, -EINVAL, 0 },
	{ "a missing value is refused", { "attach", "--port" }, -EINVAL, 0 },
	{ "an unknown option is refused", { "--nonsense" }, -EINVAL, 0 },
	{ "an unknown letter is refused", { "-x" }, -EINVAL, 0 },
	{ "-j twice says the same", { "-j", "--json" }, 0, 0 },
	{ "--mode twice is refused",
	  { "--mode", "off", "--mode", "off" },
	  -EINVAL,
	  0 },
	{ "--start twice is refused",
	  { "--start=1", "--start=2" },
	  -EINVAL,
	  0 },
	{ "--port twice is refused", { "--port=80", "--port=81" }, -EINVAL, 0 },
	{ "--xdp twice is refused",
	  { "--xdp=auto", "--xdp=auto" },
	  -EINVAL,
	  0 },
	{ "--grace twice is refused",
	  { "--grace=1", "--grace=2" },
	  -EINVAL,
	  0 },
	{ "--key-file is noted",
	  { "keys", "rotate", "--key-file", "F" },
	  0,
	  CMD_KEY_FILE },
	{ "--key-file twice is refused",
	  { "--key-file=F", "--key-file=F" },
	  -EINVAL,
	  0 },
	{ "--pin-dir twice is refused",
	  { "--pin-dir=/a", "--pin-dir=/a" },
	  -EINVAL,
	  0 },
};

static void line_means(void **state)
{
	const struct line *l = *state;
	char *argv[ARGS_MAX + 2] = { (char *)"synward" };
	struct cmd_args args = { .given = 77 };
	int argc = 1;

	for (; l->argv[argc - 1]; argc++)
		argv[argc] = (char *)l->argv[argc - 1];
	assert_int_equal(cmd_parse(argc, argv, &args), l->err);
	assert_int_equal(args.given, l->err ? 77 : l->given);
}

int main(void)
{
	static struct table t;

	table_rows(&t, lines, line_means);
	return table_run(&t, "cmd");
}
