/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a scope owns and gives back when it ends. */
#ifndef SYNWARD_OWN_H
#define SYNWARD_OWN_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define own(release) __attribute__((cleanup(own_##release)))

/* The same by a function of another file. */
#define own_by(release) __attribute__((cleanup(release)))

static inline void own_free(void *p)
{
	free(*(void **)p);
}

static inline void own_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void own_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static inline void own_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

#endif
