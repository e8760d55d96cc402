// SPDX-License-Identifier: GPL-2.0-or-later
/* What in a pin directory is of ours. Removes nothing. */
#include "ours.h"

#include <errno.h>
#include <limits.h>
#include <linux/types.h>
#include <net/if.h>
#include <string.h>

#include "log.h"
#include "own.h"
#include "pins.h"
#include "synward.h"

static bool has_pin(const char *pin_dir, const char *dir, const char *name)
{
	char path[PATH_MAX];

	pins_path(path, pin_dir, dir, name);
	return !access(path, F_OK);
}

/* sw_iface is the first to come and the last to go; where it is missing all
 * the same, the shared maps tell whose directory this is. */
bool ours_is_iface_dir(const char *pin_dir, const struct dirent *entry)
{
	const char *dir = entry->d_name;

	if (entry->d_type != DT_DIR || *dir == '.' || strlen(dir) >= IFNAMSIZ ||
	    !strcmp(dir, SW_PIN_MAPS) || !strcmp(dir, SW_PIN_SECRET))
		return false;
	return has_pin(pin_dir, dir, "sw_iface") ||
	       ((has_pin(pin_dir, dir, SW_PIN_XDP) ||
		 has_pin(pin_dir, dir, SW_PIN_TC) ||
		 has_pin(pin_dir, dir, SW_PIN_MADE)) &&
		has_pin(pin_dir, SW_PIN_MAPS, "sw_host"));
}

bool ours_is_map(const struct dirent *entry)
{
	return entry->d_type != DT_DIR && !strncmp(entry->d_name, "sw_", 3);
}

static bool is_link(const struct dirent *entry)
{
	static const char *const links[] = { SW_PIN_XDP, SW_PIN_TC,
					     SW_PIN_MADE };

	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (!strcmp(entry->d_name, links[i]))
			return entry->d_type != DT_DIR;
	return false;
}

static bool is_called(const struct dirent *entry, const char *name)
{
	return entry->d_type == DT_DIR && !strcmp(entry->d_name, name);
}

enum room {
	ROOM_TOP,    /* PIN_DIR */
	ROOM_MAPS,   /* PIN_DIR/maps */
	ROOM_SECRET, /* PIN_DIR/secret */
	ROOM_IFACE,  /* PIN_DIR/IFNAME, PIN_DIR/maps/new */
};

static bool belongs(const char *pin_dir, enum room room,
		    const struct dirent *entry)
{
	switch (room) {
	case ROOM_TOP:
		return is_called(entry, SW_PIN_MAPS) ||
		       is_called(entry, SW_PIN_SECRET) ||
		       ours_is_iface_dir(pin_dir, entry);
	case ROOM_MAPS:
		return ours_is_map(entry) || is_called(entry, "new");
	case ROOM_SECRET:
		return ours_is_map(entry);
	case ROOM_IFACE:
		return ours_is_map(entry) || is_link(entry);
	}
	return false;
}

/* Is all that PIN_DIR/a has of ours? -EINVAL, logged, if not. */
static int check_room(const char *pin_dir, const char *a, enum room room)
{
	const struct dirent *entry;
	own(dir) DIR *dir = NULL;
	char path[PATH_MAX];

	pins_path(path, pin_dir, a, NULL);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ?
			       0 :
			       log_refused(errno, "cannot read %s", path);
	while ((entry = readdir(dir))) {
		if (*entry->d_name == '.' || belongs(pin_dir, room, entry))
			continue;
		return log_usage("--pin-dir %s: holds what is not synward's: "
				 "%s%s%s: use another --pin-dir, or remove "
				 "that",
				 pin_dir, a, *a ? "/" : "", entry->d_name);
	}
	return 0;
}

int ours_check(const char *pin_dir)
{
	own(free) char(*dirs)[IFNAMSIZ] = NULL;
	size_t count = 0;
	int err = pins_list(pin_dir, &dirs, &count);

	if (err)
		return log_refused(err, "cannot read %s", pin_dir);
	err = check_room(pin_dir, "", ROOM_TOP)                   ?:
		      check_room(pin_dir, SW_PIN_MAPS, ROOM_MAPS) ?:
		      check_room(pin_dir, PINS_NEW, ROOM_IFACE)   ?:
		      check_room(pin_dir, SW_PIN_SECRET, ROOM_SECRET);
	for (size_t i = 0; i < count && !err; i++)
		err = check_room(pin_dir, dirs[i], ROOM_IFACE);
	return err;
}
