// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * synward: the table of commands is the program's map. Each row's function is
 * in cmd_NAME.c; nothing else exits.
 */
#include <errno.h>
#include <stdio.h>

#include "cmd.h"

#define ANY ((size_t)-1)

static const struct cmd commands[] = {
	{ "attach",
	  "IFACE... [--mode MODE] [--start 25%] [--end 12%] "
	  "[--port N[,N...]] [--despite-nat] [--xdp native|generic|auto] "
	  "[--key-file FILE]",
	  "protect what listens on TCP behind these interfaces", cmd_attach,
	  CMD_MODE | CMD_START | CMD_END | CMD_PORT | CMD_NAT | CMD_XDP |
		  CMD_KEY_FILE,
	  ANY },
	{ "detach", "IFACE... | --all [--grace SECONDS]",
	  "stop challenging, wait (3 s) for clients in flight, leave nothing "
	  "behind",
	  cmd_detach, CMD_ALL | CMD_GRACE, ANY },
	{ "mode", "off|observe|adaptive|always [--start 25%] [--end 12%]",
	  "change whom to challenge, for all interfaces", cmd_mode,
	  CMD_START | CMD_END, 1 },
	{ "status", "", "what is attached, under attack or not, rates",
	  cmd_status, 0, 0 },
	{ "stats", "", "every counter with its meaning", cmd_stats, 0, 0 },
	{ "keys", "[rotate [--key-file FILE]]",
	  "fingerprints, ages and epochs of the keys; have new ones take over",
	  cmd_keys, CMD_KEY_FILE, 1 },
	{ "help", "[COMMAND]", "this, or more about one command", cmd_help, 0,
	  1 },
	{ "version", "", "version of this program and of its pinned state",
	  cmd_version, 0, 0 },
	{}
};

static const char *chosen(const struct cmd_args *args)
{
	if (args->help)
		return "help";
	if (args->version)
		return "version";
	return args->command ? args->command : "status";
}

int main(int argc, char **argv)
{
	const struct cmd *cmd;
	struct cmd_args args;
	int err;

	log_start(LOG_NORMAL);
	err = cmd_parse(argc, argv, &args);
	if (err)
		return log_exit_code(err);
	log_start(args.level);
	args.commands = commands;
	args.out = args.json ? &output_json : &output_text;
	cmd = cmd_find(commands, chosen(&args));
	if (!cmd)
		return log_exit_code(-EINVAL);
	err = (args.help ? 0 : cmd_check(cmd, &args)) ?: cmd->run(&args);
	if (fflush(stdout) || ferror(stdout))
		err = log_refused(errno, "cannot write to standard output");
	return log_exit_code(err);
}
