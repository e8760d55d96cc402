// SPDX-License-Identifier: GPL-2.0-or-later
/* A set of TCP ports. Knows how it is written, not what it is for. */
#include "ports.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define PORTS_NAMED 8 /* more would not be read */

void ports_add(struct ports *ports, uint16_t port)
{
	ports->bits[port / 64] |= 1ULL << port % 64;
}

bool ports_has(const struct ports *ports, uint16_t port)
{
	return ports->bits[port / 64] >> port % 64 & 1;
}

unsigned ports_count(const struct ports *ports)
{
	unsigned n = 0;

	for (size_t i = 0; i < sizeof(ports->bits) / 8; i++)
		n += __builtin_popcountll(ports->bits[i]);
	return n;
}

bool ports_equal(const struct ports *a, const struct ports *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* Reads 1..65535 and moves on; 0 if there is no such number. */
static unsigned read_port(const char **at)
{
	unsigned long port;
	char *end;

	if (!isdigit((unsigned char)**at))
		return 0;
	port = strtoul(*at, &end, 10);
	*at = end;
	return port <= 65535 ? port : 0;
}

/* Reads one "80" or "8000-8010" that ends at a comma or the end. */
static bool read_range(const char **at, struct ports *ports)
{
	unsigned first = read_port(at), last = first;

	if (first && **at == '-') {
		++*at;
		last = read_port(at);
	}
	if (!first || last < first || (**at && **at != ','))
		return false;
	for (unsigned port = first; port <= last; port++)
		ports_add(ports, port);
	return true;
}

int ports_parse(const char *text, struct ports *ret_ports)
{
	struct ports ports = {};
	const char *at = text;

	for (;;) {
		if (!read_range(&at, &ports))
			return log_usage("--port \"%s\": expected ports "
					 "1..65535 or ranges such as "
					 "80,443,8000-8010",
					 text);
		if (!*at)
			break;
		at++;
	}
	*ret_ports = ports;
	return 0;
}

void ports_format(const struct ports *ports, char text[PORTS_TEXT])
{
	unsigned count = ports_count(ports), named = 0;
	size_t len = 0;

	text[0] = 0;
	for (unsigned port = 0; port < 65536 && named < PORTS_NAMED; port++) {
		if (!ports_has(ports, port))
			continue;
		len += snprintf(text + len, PORTS_TEXT - len, "%s%u",
				named++ ? ", " : "", port);
	}
	if (count > named)
		snprintf(text + len, PORTS_TEXT - len, " and %u more",
			 count - named);
}
