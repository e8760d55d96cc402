/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What cable and its BPF program say to each other.
 */
#ifndef TESTS_NET_CABLE_H
#define TESTS_NET_CABLE_H

#define CABLE_RULES 4
#define CABLE_FRAME_MAX 1600

enum cable_act {
	CABLE_DROP,
	CABLE_HOLD,  /* until told to let it go */
	CABLE_TWICE, /* and its copy right behind it */
	CABLE_DELAY, /* all of them, by so many ms */
};

/* What a segment is; SYN-ACKs come in, the others go out. */
enum cable_kind {
	CABLE_SYN,
	CABLE_SYNACK,
	CABLE_ACK, /* bare */
	CABLE_DATA,
	CABLE_FIN,
	CABLE_ANY,
};

struct cable_rule {
	__u32 act;
	__u32 kind;
	__u32 times; /* how often it still applies */
	__u32 ms;
};

/* What the program caught. */
struct cable_caught {
	__u32 rule;
	__u32 len;
	unsigned char frame[CABLE_FRAME_MAX];
};

#endif
