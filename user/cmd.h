/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands: what one is, and what it is given. main.c has the table. A command
 * returns 0 or the class of an error that it has logged (log.h).
 */
#ifndef SYNWARD_CMD_H
#define SYNWARD_CMD_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "dataplane.h"
#include "log.h"
#include "output.h"
#include "settings.h"

/* Options that belong to some commands only; the first five as in enum
 * settings_given. */
enum cmd_option {
	CMD_MODE = SETTINGS_MODE,
	CMD_START = SETTINGS_START,
	CMD_PORT = SETTINGS_PORTS,
	CMD_END = SETTINGS_END,
	CMD_NAT = SETTINGS_NAT,
	CMD_XDP = 32,
	CMD_ALL = 64,
	CMD_GRACE = 128,
	CMD_KEY_FILE = 256,
};

struct cmd;

struct cmd_args {
	const struct cmd *commands; /* the table */
	const char *command;        /* a word, or NULL */
	char **operands;            /* what follows it */
	size_t count;
	bool help;    /* --help */
	bool version; /* --version */
	bool json;
	enum log_level level;
	const char *pin_dir;
	unsigned given; /* enum cmd_option */
	struct settings settings;
	enum dataplane_xdp xdp;
	__u64 grace_ns;
	const char *key_file;
	const struct output *out;
};

struct cmd {
	const char *name;
	const char *synopsis; /* what follows the name */
	const char *summary;
	int (*run)(const struct cmd_args *args);
	unsigned options; /* enum cmd_option that it takes */
	size_t operands_max;
};

/* Reads argv. Returns -EINVAL, logged, or 0. args point into argv. */
int cmd_parse(int argc, char **argv, struct cmd_args *ret_args);

/* Does the command take what was given? Returns -EINVAL, logged, or 0. */
int cmd_check(const struct cmd *cmd, const struct cmd_args *args);

/* The row of that name; NULL, logged with the nearest name, if none. */
const struct cmd *cmd_find(const struct cmd *commands, const char *name);

int cmd_attach(const struct cmd_args *args);
int cmd_detach(const struct cmd_args *args);
int cmd_mode(const struct cmd_args *args);
int cmd_status(const struct cmd_args *args);
int cmd_stats(const struct cmd_args *args);
int cmd_keys(const struct cmd_args *args);
int cmd_help(const struct cmd_args *args);
int cmd_version(const struct cmd_args *args);

#endif
