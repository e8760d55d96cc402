// SPDX-License-Identifier: GPL-2.0-or-later
/* synward help and version: need neither root nor anything attached. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "synward.h"

static const char head[] =
	"synward answers SYN floods in XDP, before they cost the kernel "
	"anything.\n"
	"\n"
	"usage: synward [OPTIONS] [COMMAND]        without COMMAND: status\n"
	"\n"
	"commands:\n";

static const char tail[] =
	"\n"
	"options:\n"
	"  -j, --json        one JSON document\n"
	"  --pin-dir DIR     where it is pinned, default " SW_PIN_DIR "\n"
	"  -v, --verbose     libbpf's messages too\n"
	"  -q, --quiet       errors only\n"
	"\n"
	"exit codes: 0 done, 1 the kernel refused, 2 usage or setting, 3 not "
	"attached,\n"
	"4 privilege, 5 not supported here, 8 another synward is changing it\n";

/* What there is to say beyond the summary. */
static const struct {
	const char *command, *text;
} more[] = {
	{ "attach",
	  "Without options every listening TCP port is protected, also those "
	  "that open later.\n"
	  "\n"
	  "  --mode MODE    adaptive (default) challenges while a listener's "
	  "queue fills,\n"
	  "                 always every SYN, observe counts and changes "
	  "nothing, off nobody\n"
	  "  --start 25%    adaptive: from which share of a listener's backlog "
	  "on\n"
	  "  --end 12%      adaptive: and below which share no longer (half of "
	  "start)\n"
	  "  --port LIST    protect these only: 80,443,8000-8010\n"
	  "  --despite-nat  challenge also where netfilter has NAT; only where "
	  "conntrack does\n"
	  "                 not track the protected ports\n"
	  "  --xdp WHERE    native (in the driver), generic, or auto "
	  "(default): "
	  "native if the\n"
	  "                 driver has it\n"
	  "  --key-file FILE\n"
	  "                 take the keys from this file (help keys) instead "
	  "of random ones\n"
	  "\n"
	  "Mode, start, end, ports and keys hold for all interfaces under one "
	  "--pin-dir.\n" },
	{ "detach",
	  "  --all              every interface, of whatever version of "
	  "synward\n"
	  "  --grace SECONDS    how long to wait for cookies in flight "
	  "(default 3)\n" },
	{ "mode",
	  "adaptive challenges while a listener's queue fills, always every "
	  "SYN, observe\n"
	  "counts and changes nothing, off challenges nobody. --start and "
	  "--end stay as they\n"
	  "are unless they are given; an end above a new start becomes half "
	  "of it.\n" },
	{ "keys",
	  "Without a word: which keys there are, from when, until when. Never "
	  "prints a secret.\n"
	  "\n"
	  "  rotate           a new key takes over at the start of the epoch "
	  "after next (69 to\n"
	  "                   137 s); no client in mid-handshake is lost\n"
	  "  --key-file FILE  take it from this file: 32 bytes, or their "
	  "base64, that only\n"
	  "                   root can read. Machines with the same file have "
	  "the same key in\n"
	  "                   the same generation\n" },
};

static int help_one(const struct cmd *cmd)
{
	printf("usage: synward %s%s%s\n%s\n", cmd->name,
	       *cmd->synopsis ? " " : "", cmd->synopsis, cmd->summary);
	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++)
		if (!strcmp(more[i].command, cmd->name))
			printf("\n%s", more[i].text);
	return 0;
}

/* `help COMMAND` and `COMMAND --help` both name one. */
static const char *asked_about(const struct cmd_args *args)
{
	if (!args->command)
		return NULL;
	if (strcmp(args->command, "help"))
		return args->help ? args->command : NULL;
	return args->count ? args->operands[0] : NULL;
}

int cmd_help(const struct cmd_args *args)
{
	const char *name = asked_about(args);
	const struct cmd *cmd;

	if (name) {
		cmd = cmd_find(args->commands, name);
		return cmd ? help_one(cmd) : -EINVAL;
	}
	fputs(head, stdout);
	for (cmd = args->commands; cmd->name; cmd++)
		printf("  %-8s %s\n", cmd->name, cmd->summary);
	fputs(tail, stdout);
	return 0;
}

int cmd_version(const struct cmd_args *args)
{
	args->out->version(SW_VERSION, SW_ABI);
	return 0;
}
