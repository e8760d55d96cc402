/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A set of TCP ports (host byte order), and how people write one. */
#ifndef SYNWARD_PORTS_H
#define SYNWARD_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PORTS_TEXT 128 /* bytes that ports_format may need */

struct ports {
	uint64_t bits[65536 / 64];
};

void ports_add(struct ports *ports, uint16_t port);
bool ports_has(const struct ports *ports, uint16_t port);
unsigned ports_count(const struct ports *ports);
bool ports_equal(const struct ports *a, const struct ports *b);

/*
 * Reads "80,443,8000-8010"; ports are 1..65535. Returns -EINVAL, having said
 * what was wrong, or 0.
 */
int ports_parse(const char *text, struct ports *ret_ports);

/* Writes "22, 80, 443"; of more than eight, "... and 3 more". */
void ports_format(const struct ports *ports, char text[PORTS_TEXT]);

#endif
