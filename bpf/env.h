/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the work on one packet rests on: read once, handed down, so that all
 * stages decide by the same settings and the same time.
 */
#ifndef SYNWARD_ENV_H
#define SYNWARD_ENV_H

#include "maps.h"

struct env {
	const struct sw_config *config;
	struct sw_port *port;
	__u32 mode; /* enum sw_mode; config's may change meanwhile */
	__u32 service;
	bool skb;       /* generic XDP: the frame is an skb and stays one */
	bool listening; /* somebody does, at the packet's destination */
	__u64 now_ns;   /* synward's clock */
};

/* Off and observe carry no verdict out, they only count what it would be. */
static __always_inline bool env_acts(const struct env *env)
{
	return env->mode >= SW_MODE_ADAPTIVE;
}

#endif
