/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Detaching: stop challenging, wait for cookies in flight, take away. */
#ifndef SYNWARD_DETACH_H
#define SYNWARD_DETACH_H

#include <linux/types.h>

#include "state.h"

struct detach {
	const char *pin_dir;
	char **names; /* of interfaces */
	size_t count; /* 0 = all of them */
	__u64 grace_ns;
};

struct detach_result {
	char (*names)[IFNAMSIZ]; /* the caller frees */
	size_t count;
	bool last; /* nothing of synward is left */
	struct state_removal removal;
};

/* Returns 0 or a logged error's class. All interfaces (count 0) go whatever
 * ABI they are of, and whatever is missing. */
int detach_run(const struct detach *detach, struct detach_result *ret_result);

#endif
