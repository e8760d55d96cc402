/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sw_tc on run.h's interface, and frames that come to it over the wire, because
 * TEST_RUN gives TC no metadata: the kernel makes real sockets of them. Knows
 * what TC counted for each.
 */
#ifndef SYNWARD_TEST_WIRE_H
#define SYNWARD_TEST_WIRE_H

#include "run.h"

/* Attaches sw_tc and sw_made; after run_open(). */
void wire_open(void);

/* The XDP program in front of TC from now on; NULL = none. */
void wire_xdp_is(const struct bpf_program *program);

/* One frame leaves TC for want; and then, if it comes round, for again, or 0. */
void wire_wants(const struct frame_spec *spec, enum sw_reason want,
		enum sw_reason again);

#endif
