// SPDX-License-Identifier: GPL-2.0-or-later
/* The lock, and who holds it. Knows nothing of what it guards. */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "log.h"
#include "own.h"

#define TRIES_PER_SECOND 10
#define COMMAND_MAX 128 /* of a command line as much is shown */

/* ---- who holds it ---- */

/* One line of /proc/locks: the pid, if that is a flock of this file, else 0.
 * Those of other pid namespaces are not shown, or as 0. */
static int holder_of(const char *line, const struct stat *file)
{
	unsigned major_id, minor_id;
	unsigned long long inode;
	int pid;

	if (sscanf(line, "%*d: FLOCK %*s %*s %d %x:%x:%llu", &pid, &major_id,
		   &minor_id, &inode) != 4 ||
	    inode != file->st_ino || major_id != major(file->st_dev) ||
	    minor_id != minor(file->st_dev))
		return 0;
	return pid;
}

/* 0 if it cannot be found out, or if nobody holds it any more. */
static int find_holder(int fd)
{
	own(file) FILE *locks = fopen("/proc/locks", "re");
	struct stat file;
	char line[256];
	int pid = 0;

	if (!locks || fstat(fd, &file))
		return 0;
	while (!pid && fgets(line, sizeof(line), locks))
		pid = holder_of(line, &file);
	return pid;
}

/* Its words, as one line that a terminal can take. */
static void read_command(int pid, char command[COMMAND_MAX])
{
	own(file) FILE *file = NULL;
	char path[64];
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	file = fopen(path, "re");
	len = file ? fread(command, 1, COMMAND_MAX - 1, file) : 0;
	while (len && !command[len - 1])
		len--;
	for (size_t i = 0; i < len; i++)
		if (command[i] < ' ' || command[i] > '~')
			command[i] = command[i] ? '?' : ' ';
	command[len] = 0;
}

/* "pid 123 (synward attach eth0)" */
static const char *describe_holder(int pid, char text[COMMAND_MAX + 32])
{
	char command[COMMAND_MAX];

	if (pid <= 0)
		return "another synward, which /proc/locks does not show";
	read_command(pid, command);
	snprintf(text, COMMAND_MAX + 32, "pid %d (%s)", pid, command);
	return text;
}

static void say_waiting(int fd)
{
	char text[COMMAND_MAX + 32];
	int pid = find_holder(fd);

	if (pid)
		log_note("waiting for %s", describe_holder(pid, text));
}

static int give_up(const char *pin_dir, int fd)
{
	char text[COMMAND_MAX + 32], cure[32] = "";
	int pid = find_holder(fd);

	if (pid > 0)
		snprintf(cure, sizeof(cure), ", or end it: kill %d", pid);
	return log_busy("%s: has been in the hands of %s for %d s: try again "
			"when that has ended%s",
			pin_dir, describe_holder(pid, text), LOCK_SECONDS,
			cure);
}

/* ---- taking it ---- */

/* Is what we have locked still what the path names? */
static bool still_there(const char *pin_dir, int fd)
{
	struct stat locked, named;

	return !fstat(fd, &locked) && !stat(pin_dir, &named) &&
	       locked.st_ino == named.st_ino && locked.st_dev == named.st_dev;
}

/* *tries is what is left of them, over all directories of that name. */
static int wait_for_lock(const char *pin_dir, int fd, int *tries)
{
	const struct timespec pause = { .tv_nsec =
						1000000000 / TRIES_PER_SECOND };

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return log_refused(errno, "cannot lock %s", pin_dir);
		if (!*tries)
			return give_up(pin_dir, fd);
		if (--*tries == (LOCK_SECONDS - 1) * TRIES_PER_SECOND)
			say_waiting(fd);
		nanosleep(&pause, NULL);
	}
	return 0;
}

int lock_take(const char *pin_dir, bool create, int *ret_fd)
{
	int tries = LOCK_SECONDS * TRIES_PER_SECOND;
	int fd, err;

	for (;;) {
		if (create && mkdir(pin_dir, 0700) && errno != EEXIST)
			return log_refused(errno, "cannot make %s", pin_dir);
		fd = open(pin_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT && !create)
			return -ENOENT;
		if (fd < 0 && errno != ENOENT)
			return log_refused(errno, "cannot open %s", pin_dir);
		err = fd < 0 ? -EAGAIN : wait_for_lock(pin_dir, fd, &tries);
		if (!err && still_there(pin_dir, fd))
			break;
		own_fd(&fd);
		if (err && err != -EAGAIN)
			return err;
	}
	*ret_fd = fd;
	return 0;
}
