/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pin directory: its paths, and what is in it. Knows files, not what the
 * maps hold; its lock is lock.h.
 *
 *	PIN_DIR/maps/sw_*	PIN_DIR/secret/sw_keys
 *	PIN_DIR/IFNAME/		xdp, tc, made, sw_iface; a dot is spelt ':', since
 *				the BPF file system has no names with dots, and
 *				interfaces none with colons
 *	PIN_DIR/maps/new/	an IFNAME/ in the making, or being taken down
 *
 * IFNAME/xdp is the last to come and the first to go: with it the interface is
 * protected, without it nobody is challenged there, wherever a command was
 * killed. The others alone do nothing.
 */
#ifndef SYNWARD_PINS_H
#define SYNWARD_PINS_H

#include <limits.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#define PINS_NEW SW_PIN_MAPS "/new"

/* PIN_DIR/a/b; b may be NULL. pins_check has seen to it that all fit. */
void pins_path(char path[PATH_MAX], const char *pin_dir, const char *a,
	       const char *b);

/* "synward", with --pin-dir if it is not the default: what cures begin with.
 * The text is good until the next call. */
const char *pins_command(const char *pin_dir);

/*
 * Can there be pins? The parent must be on a BPF file system, and a directory
 * that exists must be ours alone. Returns 0 or a logged error's class.
 */
int pins_check(const char *pin_dir);

/* The interface directories, as their names in the file system. Returns 0 or
 * -errno, unlogged. The caller frees the array. */
int pins_list(const char *pin_dir, char (**ret_dirs)[IFNAMSIZ],
	      size_t *ret_count);

/* An interface's directory's name, and back. */
void pins_encode(const char *ifname, char dir[IFNAMSIZ]);
void pins_decode(const char *dir, char ifname[IFNAMSIZ]);

/* Makes PINS_NEW afresh, or gives it an interface's name. Logged. */
int pins_begin(const char *pin_dir);
int pins_publish(const char *pin_dir, const char *dir);

/* Takes links off their interface, at once, and the pins away; XDP first, as
 * what it marks needs TC. Leftovers in PINS_NEW go too. Logged. */
int pins_withdraw(const char *pin_dir, const char *dir);
int pins_withdraw_new(const char *pin_dir);

/* All interfaces. If there is anything that is not ours, none: -EINVAL. */
int pins_withdraw_all(const char *pin_dir);

/* Makes maps/ and secret/, if they are not there. Logged. */
int pins_make_rooms(const char *pin_dir);

/* Everything of ours, of whatever ABI; and the directory itself. Logged. If
 * there is anything else, nothing is removed: -EINVAL. */
int pins_clear(const char *pin_dir);
int pins_remove(const char *pin_dir);

/* The directory, unless there is anything in it. */
void pins_remove_empty(const char *pin_dir);

#endif
