// SPDX-License-Identifier: GPL-2.0-or-later
/* The pin directory: paths, removal. */
#include "pins.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <libgen.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "log.h"
#include "ours.h"
#include "own.h"
#include "synward.h"

#define PINS_ROOM 64 /* what we append to the pin directory is shorter */

void pins_path(char path[PATH_MAX], const char *pin_dir, const char *a,
	       const char *b)
{
	snprintf(path, PATH_MAX, "%s/%s%s%s", pin_dir, a, b ? "/" : "",
		 b ?: "");
}

const char *pins_command(const char *pin_dir)
{
	static char command[PATH_MAX + 32];

	if (!strcmp(pin_dir, SW_PIN_DIR))
		return "synward";
	snprintf(command, sizeof(command), "synward --pin-dir %s", pin_dir);
	return command;
}

/* mkdir and open are not enough: somebody else may have made it for us. */
static int check_owner(const char *pin_dir)
{
	struct stat s;

	if (lstat(pin_dir, &s))
		return errno == ENOENT ?
			       0 :
		       errno == EACCES ?
			       log_denied("%s: not permitted: needs root; "
					  "try sudo",
					  pin_dir) :
			       log_refused(errno, "%s", pin_dir);
	if (!S_ISDIR(s.st_mode))
		return log_usage("--pin-dir %s: is no directory", pin_dir);
	if (geteuid() && s.st_uid != geteuid())
		return log_denied("%s: not permitted: belongs to uid %u; try "
				  "sudo",
				  pin_dir, s.st_uid);
	if (s.st_uid != geteuid() || s.st_mode & 077)
		return log_usage("--pin-dir %s: others may write to it (uid "
				 "%u, mode %04o): take another, or chown root "
				 "and chmod 0700 it",
				 pin_dir, s.st_uid, s.st_mode & 07777);
	return 0;
}

int pins_check(const char *pin_dir)
{
	own(free) char *copy = strdup(pin_dir);
	const char *parent;
	struct statfs fs;

	if (!copy)
		return log_refused(ENOMEM, "%s", pin_dir);
	if (!*pin_dir || strlen(pin_dir) >= PATH_MAX - PINS_ROOM)
		return log_usage("--pin-dir \"%s\": expected a directory on a "
				 "BPF file system, such as " SW_PIN_DIR,
				 pin_dir);
	parent = dirname(copy);
	if (statfs(parent, &fs) && errno == EACCES)
		return log_denied("%s: not permitted: needs root; try sudo",
				  parent);
	if (statfs(parent, &fs) || (unsigned)fs.f_type != BPF_FS_MAGIC)
		return log_unsupported(
			"%s: is no directory of a BPF file system, where "
			"protection outlives this process: "
			"mount -t bpf bpf /sys/fs/bpf",
			parent);
	return check_owner(pin_dir);
}

int pins_make_rooms(const char *pin_dir)
{
	static const char *const rooms[] = { SW_PIN_MAPS, SW_PIN_SECRET };
	char path[PATH_MAX];

	for (size_t i = 0; i < 2; i++) {
		pins_path(path, pin_dir, rooms[i], NULL);
		if (mkdir(path, 0700) && errno != EEXIST)
			return log_refused(errno, "cannot make %s", path);
	}
	return 0;
}

int pins_list(const char *pin_dir, char (**ret_dirs)[IFNAMSIZ],
	      size_t *ret_count)
{
	own(dir) DIR *dir = opendir(pin_dir);
	char(*dirs)[IFNAMSIZ] = NULL, (*more)[IFNAMSIZ];
	const struct dirent *entry;
	size_t count = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (!ours_is_iface_dir(pin_dir, entry))
			continue;
		more = reallocarray(dirs, count + 1, sizeof(*dirs));
		if (!more) {
			free(dirs);
			return -ENOMEM;
		}
		dirs = more;
		strcpy(dirs[count++], entry->d_name);
	}
	*ret_dirs = dirs;
	*ret_count = count;
	return 0;
}

static void replace(const char *from, char *to, char this, char that)
{
	size_t i;

	for (i = 0; from[i] && i < IFNAMSIZ - 1; i++)
		to[i] = from[i] == this ? that : from[i];
	to[i] = 0;
}

void pins_encode(const char *ifname, char dir[IFNAMSIZ])
{
	replace(ifname, dir, '.', ':');
}

void pins_decode(const char *dir, char ifname[IFNAMSIZ])
{
	replace(dir, ifname, ':', '.');
}

/*
 * The pin goes first: should we be killed then, the link goes with us. Without
 * the detaching the kernel takes it off some time after its last user; a link
 * of a deleted interface is off already and says so: no matter.
 */
static void remove_link(const char *pin_dir, const char *dir, const char *name)
{
	char path[PATH_MAX];
	own(fd) int fd = -1;

	pins_path(path, pin_dir, dir, name);
	fd = bpf_obj_get(path);
	unlink(path);
	if (fd >= 0)
		bpf_link_detach(fd);
}

/* Removes our maps in path, and path. Returns 0 or -errno. */
static int remove_room(const char *path)
{
	own(dir) DIR *dir = opendir(path);
	const struct dirent *entry;
	int err = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir)))
		if (ours_is_map(entry) &&
		    unlinkat(dirfd(dir), entry->d_name, 0))
			err = -errno;
	return rmdir(path) ? -errno : err;
}

/* XDP first: what it marks needs TC. */
static int remove_iface_dir(const char *pin_dir, const char *dir)
{
	char path[PATH_MAX];
	int err;

	remove_link(pin_dir, dir, SW_PIN_XDP);
	remove_link(pin_dir, dir, SW_PIN_TC);
	remove_link(pin_dir, dir, SW_PIN_MADE);
	pins_path(path, pin_dir, dir, NULL);
	err = remove_room(path);
	return err ? log_refused(err, "cannot remove %s", path) : 0;
}

int pins_withdraw_new(const char *pin_dir)
{
	return remove_iface_dir(pin_dir, PINS_NEW);
}

int pins_begin(const char *pin_dir)
{
	char path[PATH_MAX];
	int err = pins_withdraw_new(pin_dir);

	pins_path(path, pin_dir, PINS_NEW, NULL);
	if (!err && mkdir(path, 0700))
		err = log_refused(errno, "cannot make %s", path);
	return err;
}

int pins_publish(const char *pin_dir, const char *dir)
{
	char from[PATH_MAX], to[PATH_MAX];

	pins_path(from, pin_dir, PINS_NEW, NULL);
	pins_path(to, pin_dir, dir, NULL);
	if (rename(from, to))
		return log_refused(errno, "cannot rename %s to %s", from, to);
	return 0;
}

int pins_withdraw(const char *pin_dir, const char *dir)
{
	char from[PATH_MAX], to[PATH_MAX];
	int err = pins_withdraw_new(pin_dir);

	if (err)
		return err;
	remove_link(pin_dir, dir, SW_PIN_XDP);
	/* In PINS_NEW it is known to be ours also when it is half gone. */
	pins_path(from, pin_dir, dir, NULL);
	pins_path(to, pin_dir, PINS_NEW, NULL);
	if (rename(from, to) && errno != ENOENT)
		return log_refused(errno, "cannot rename %s to %s", from, to);
	return pins_withdraw_new(pin_dir);
}

static int withdraw_ifaces(const char *pin_dir)
{
	own(free) char(*dirs)[IFNAMSIZ] = NULL;
	size_t count = 0;
	int err;

	err = pins_list(pin_dir, &dirs, &count);
	if (err)
		return log_refused(err, "cannot read %s", pin_dir);
	if (count) /* maps/ may be missing */
		err = pins_make_rooms(pin_dir);
	for (size_t i = 0; i < count && !err; i++)
		err = pins_withdraw(pin_dir, dirs[i]);
	return err ?: pins_withdraw_new(pin_dir);
}

int pins_withdraw_all(const char *pin_dir)
{
	return ours_check(pin_dir) ?: withdraw_ifaces(pin_dir);
}

int pins_clear(const char *pin_dir)
{
	static const char *const rooms[] = { SW_PIN_MAPS, SW_PIN_SECRET };
	int err = pins_withdraw_all(pin_dir);
	char path[PATH_MAX];

	for (size_t i = 0; i < 2 && !err; i++) {
		pins_path(path, pin_dir, rooms[i], NULL);
		err = remove_room(path);
		if (err)
			err = log_refused(err, "cannot remove %s", path);
	}
	return err;
}

int pins_remove(const char *pin_dir)
{
	int err = pins_clear(pin_dir);

	if (!err && rmdir(pin_dir) && errno != ENOENT)
		err = log_refused(errno, "cannot remove %s", pin_dir);
	return err;
}

void pins_remove_empty(const char *pin_dir)
{
	rmdir(pin_dir);
}
