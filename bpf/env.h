/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the work on one packet rests on: read once, handed down, so that all
 * stages decide by the same settings and the same time. What a packet does not
 * need is not read for it.
 */
#ifndef SYNWARD_ENV_H
#define SYNWARD_ENV_H

#include "maps.h"

struct env {
	const struct sw_config *config;
	struct sw_port *port;
	__u32 mode; /* enum sw_mode, by env_settle() */
	__u32 service;
	bool skb;       /* generic XDP: the frame is an skb and stays one */
	bool listening; /* somebody does, at the packet's destination */
	__u64 now_ns;   /* synward's clock */
};

/* From here on this mode holds for the packet; config's may change. */
static __always_inline void env_settle(struct env *env)
{
	env->mode = *(volatile __u32 *)&env->config->mode;
}

/* Off and observe carry no verdict out, they only count what it would be. */
static __always_inline bool env_acts(const struct env *env)
{
	return env->mode >= SW_MODE_ADAPTIVE;
}

#endif
