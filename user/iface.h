/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an interface is, as rtnetlink tells it, and whether we can serve it. */
#ifndef SYNWARD_IFACE_H
#define SYNWARD_IFACE_H

#include <linux/types.h>
#include <net/if.h>

enum iface_xdp {
	IFACE_XDP_NONE,
	IFACE_XDP_NATIVE,
	IFACE_XDP_GENERIC,
	IFACE_XDP_OFFLOADED,
	IFACE_XDP_SEVERAL,
};

struct iface {
	char name[IFNAMSIZ];
	char kind[32]; /* "veth", "vlan", ...; empty = a device of its own */
	unsigned index;
	unsigned flags;        /* IFF_* */
	unsigned short arphrd; /* ARPHRD_* */
	unsigned mtu;
	__u8 mac[6];
	enum iface_xdp xdp; /* what is attached already */
	__u32 xdp_program;  /* its id */
};

enum iface_refusal {
	IFACE_SERVED,
	IFACE_RESERVED_NAME, /* pins of ours are called that */
	IFACE_LOOPBACK,
	IFACE_VLAN,
	IFACE_NO_ETHERNET,
	IFACE_DOWN,
	IFACE_FOREIGN_XDP,
};

/* Reads one interface of this namespace. -EINVAL, logged, if there is none. */
int iface_read(const char *name, struct iface *ret_iface);

/*
 * An interface of this namespace that carries a synward's XDP program, or one
 * whose name we may not read. Returns 0, -ENOENT if there is none, or another
 * -errno; unlogged.
 */
int iface_find_synward(char ret_name[IFNAMSIZ]);

/*
 * The name of this namespace's interface of that index, if it carries the XDP
 * program of that id. Returns 0, -ENOENT if it does not or there is none (then
 * the name stays), or another -errno; unlogged.
 */
int iface_find_carrier(unsigned index, __u32 program, char name[IFNAMSIZ]);

/* Why we cannot serve this interface. Pure. */
enum iface_refusal iface_refusal(const struct iface *iface);

/* Says why and what cures it; returns 0 if served, else the error's class. */
int iface_refuse(const struct iface *iface, enum iface_refusal refusal);

#endif
