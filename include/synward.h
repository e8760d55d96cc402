/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The contract between the programs in the kernel and user space: what is
 * pinned, what each map holds, limits, and the ABI version of all that.
 *
 * Included by both sides, so it names only fixed-width types and includes
 * nothing: vmlinux.h or <linux/types.h> comes first.
 */
#ifndef SYNWARD_H
#define SYNWARD_H

#include "reason.h"

/*
 * Raise when a pinned struct, its meaning or a pin's name changes. The first
 * two words of struct sw_host never change, so that any version can say what
 * it found, and take it away.
 */
#define SW_ABI 3

/*
 * PIN_DIR/maps/sw_*        shared by all attached interfaces
 * PIN_DIR/secret/sw_keys   apart from the maps that people dump
 * PIN_DIR/IFNAME/          xdp, tc, made (links) and sw_iface
 */
#define SW_PIN_DIR "/sys/fs/bpf/synward"
#define SW_PIN_MAPS "maps"
#define SW_PIN_SECRET "secret"
#define SW_PIN_XDP "xdp"
#define SW_PIN_TC "tc"
#define SW_PIN_MADE "made"

#define SW_PORTS 65536
#define SW_SERVICES_MAX 256    /* without configuration */
#define SW_SERVICE_NONE 0      /* packets for no protected listener */
#define SW_SERVICE_OTHER 1     /* listening ports beyond the table share it */
#define SW_IP6_HEADERS_MAX 6   /* extension headers before the TCP header */
#define SW_LOCAL_SLOTS 1024    /* of the per-CPU set of local addresses */
#define SW_MOMENTS 1024        /* listeners known for one tick, per CPU */
#define SW_KNOWN 1024          /* and tuples that have a socket */
#define SW_VALIDATED_SLOTS 256 /* just-validated tuples, per CPU */
#define SW_GATES_MAX 4096      /* gates of listening sockets, at least */
#define SW_CONSUMED_BUCKETS 16384 /* of cookies that have become a socket */
#define SW_CONSUMED_WAYS 4        /* in each; both are powers of two */
#define SW_HANDED_SLOTS 4096      /* cookies between TC and TCP */
#define SW_CPUS_MAX 1024

/* An epoch is 2^36 ns (68.7 s); a cookie lives for the rest of its own and
 * the next one. */
#define SW_EPOCH_SHIFT 36

/*
 * All times in maps are by synward's clock: CLOCK_MONOTONIC plus
 * sw_config.clock_offset_ns. At the first attach that is CLOCK_REALTIME;
 * afterwards nobody steps it.
 */

enum sw_mode {
	SW_MODE_OFF,      /* challenge nobody; cookies in flight still work */
	SW_MODE_OBSERVE,  /* decide as adaptive does, count, change nothing */
	SW_MODE_ADAPTIVE, /* challenge while a listener's queue fills */
	SW_MODE_ALWAYS,   /* challenge every SYN to a listener */
	SW_MODES
};

/* maps/sw_host: what user space must remember. Packets never read it. */
struct sw_host {
	__u32 abi;                   /* SW_ABI; stays the first word */
	__s32 tcp_syncookies_before; /* to put back, -1 = untouched; second */
	__u64 netns_cookie;          /* SO_NETNS_COOKIE of the one we serve */
	__u64 created_ns;
	char version[16]; /* of the program that made this */
};

/*
 * maps/sw_config: what the operator changes while it runs. Memory-mapped by
 * user space, which stores one aligned field at a time; packets read each
 * field once. Fields are independent of each other by design.
 */
struct sw_config {
	__u32 mode;            /* enum sw_mode */
	__u32 start_percent;   /* of a listener's backlog, 1..100 */
	__u32 end_percent;     /* the same, 1..start_percent */
	__u32 listed_only;     /* 1: protect only ports marked SW_PORT_LISTED */
	__s64 clock_offset_ns; /* added to the kernel's coarse monotonic clock */
	__u32 key_slot;        /* which of sw_keys' two entries is in force */
	__u32 rmem_max;        /* net.core.rmem_max: a bound of window scale */
	__u32 despite_nat;     /* 1: challenge, though netfilter has NAT */
	__u32 reserved;
};

/* A SipHash key, as two little-endian words of the 16 bytes. */
struct sw_key {
	__u64 k0;
	__u64 k1;
};

/*
 * secret/sw_keys: two entries and sw_config.key_slot says which one is in
 * force, so that a packet never sees half of a change. Each holds two
 * generations; every epoch has exactly one key.
 */
struct sw_keyring {
	struct sw_key key[2];
	__u64 made_ns[2];    /* 0 = no such generation */
	__u32 generation[2]; /* 1, 2, ... */
	__u32 second_from;   /* epoch from which key[1] is in force */
	__u32 from_file;     /* bit i: key[i] is of an operator's file */
};

#define SW_PORT_LISTED 1

/* maps/sw_ports, by local TCP port: a packet's first and often only read. */
struct sw_port {
	__u16 service; /* row in sw_services and sw_reasons; 0 = none yet */
	__u8 flags;    /* SW_PORT_LISTED */
	__u8 reserved;
	__u32 cookie_epoch; /* in which it last issued a cookie; 0 = never */
};

/*
 * maps/sw_gates, by listening socket (the key is the kernel's address of it,
 * and means nothing else): whether its SYNs are challenged in modes adaptive
 * and observe. The least lately used make room for new ones.
 */
struct sw_gate {
	__u32 port;
	__u32 challenging;
	__u64 pressed_ns; /* when the queue last held as much as it should not */
	__u64 tick_ns;
	__u32 let_in; /* SYNs in that tick: the queue may not hold them yet */
	__u32 half_open; /* that it held when the tick began */
};

/*
 * Half-open statistics. syn_seen is the sum of the four below it; a cookie
 * is open while it could still come back and has not.
 */
struct sw_half_open {
	__u64 syn_seen;
	__u64 syn_passed;       /* to the kernel */
	__u64 syn_challenged;   /* answered with a cookie */
	__u64 syn_would;        /* would have been: observe, NAT, MPTCP */
	__u64 syn_dropped;      /* accept queue full, or unanswerable */
	__u64 cookies_valid;    /* came back and verified */
	__u64 cookies_old;      /* were ours, two epochs or more ago */
	__u64 cookies_bad;      /* never were ours */
	__u64 cookies_replayed; /* had become a connection before */
	__u64 sockets_made;     /* finished connections given to the kernel */
	__u64 sockets_refused;  /* see the reasons for why */
	__u64 cookies_open;     /* estimated: issued since the last epoch */
};

/* The same columns, per second, over the last second. */
struct sw_half_open_rates {
	__u64 syn_seen;
	__u64 syn_passed;
	__u64 syn_challenged;
	__u64 syn_would;
	__u64 syn_dropped;
	__u64 cookies_valid;
	__u64 cookies_old;
	__u64 cookies_bad;
	__u64 cookies_replayed;
	__u64 sockets_made;
	__u64 sockets_refused;
};

/* A pause this long ends a spell of challenges. */
#define SW_CALM_NS 5000000000ULL

/* The last spell in which SYNs were, or would have been, challenged. */
struct sw_challenged {
	__u64 since_ns; /* its first second; 0 = never */
	__u64 last_ns;  /* its last one until now */
};

/* How the timer keeps cookies_open: challenged - valid as it was when the
 * current epoch and the one before it began. */
struct sw_open_base {
	__u64 epoch;
	__u64 current;
	__u64 previous;
};

/*
 * maps/sw_services, by local port: a row per port that had a SYN for a
 * listener; port 0 = all ports beyond SW_SERVICES_MAX. Filled once a second.
 */
struct sw_service {
	__u32 id; /* its row in sw_reasons */
	__u32 reserved;
	__u64 first_syn_ns;
	struct sw_challenged challenged;
	struct sw_half_open sum;
	struct sw_half_open_rates per_second;
	struct sw_open_base base;
};

/* maps/sw_totals, one entry: read this first. Filled by the timer. */
struct sw_totals {
	__u32 services; /* rows given out */
	__u32 reserved;
	__u64 updated_ns;  /* stale = the timer died */
	__u64 interval_ns; /* over which per_second was taken */
	struct sw_challenged challenged;
	__u64 xdp_packets; /* = sum of the XDP reasons */
	__u64 xdp_packets_per_second;
	__u64 tc_packets; /* = sum of the TC reasons */
	struct sw_half_open sum;
	struct sw_half_open_rates per_second;
	struct sw_open_base base;
	__u64 cookies_forgotten; /* by sw_consumed, before their time */
	struct sw_reasons reasons;
};

/* IFNAME/sw_iface, one entry: one per attached interface. */
struct sw_iface {
	__u32 ifindex;
	__u32 draining; /* 1: detach has begun, challenge nobody */
	__u64 attached_ns;
	__u32 xdp_native; /* 1 native, 0 generic */
	__u32 no_room;    /* 1: the driver once refused room for metadata */
	__u32 marks_set;  /* 1: XDP has marked a packet by metadata */
	__u32 marks_seen; /* 1: and TC has seen such a mark */
};

/* maps/sw_local: per-CPU set of this machine's addresses, remade while it is
 * in use; IPv4 addresses in the IPv6-mapped form. */
struct sw_local {
	__u8 address[16]; /* behind the slots: a filter */
	__u64 tick;       /* in which this was seen to be ours */
};

/*
 * maps/sw_moments: per CPU, what a packet found out of its destination and the
 * listener there, for those that come in the same tick of the coarse clock.
 */
struct sw_moment {
	__u64 now_ns;   /* the tick; 0 = never */
	__u64 listener; /* the kernel's address of it, as in sw_gates */
	__u64 net;      /* and of its namespace */
	__be32 address[4];
	__u32 ifindex; /* on which they come; 0: TC */
	__u8 mac[6];   /* the interface's */
	__u8 version;  /* 4 or 6 */
	__u8 pressed;  /* 1: its queue held too much, as sw_gate says */
	/* of the place, if 1 */
	__u8 placed;
	__u8 local;      /* the address is this machine's */
	__u8 nat_resets; /* see sw_nat */
	__u16 mss;       /* to announce: its MTU less the headers */
	/* of the listener and the sysctls of its namespace */
	__u16 user_mss; /* TCP_MAXSEG, 0 = none */
	__u8 wscale;    /* to announce */
	__u8 may_wscale;
	__u8 may_sack;
	__u8 may_timestamps;
	__u8 may_ecn;
	__u8 mptcp;
	__u8 has_keys;      /* TCP-MD5 or TCP-AO */
	__u16 window;       /* the first one, for clients of */
	__u16 window_mss;   /* this MSS; 0 = for none yet */
	__u32 space;        /* bytes that its receive buffer has room for */
	__u32 window_max;   /* and what a first window may say */
	__u64 local_filter; /* of the place: which addresses may be ours */
};

/* maps/sw_known: per CPU, tuples that the kernel had a socket for in a tick. */
struct sw_known {
	__u64 now_ns; /* the tick; 0 = none */
	__be32 saddr[4];
	__be32 daddr[4];
	__be16 sport;
	__be16 dport;
	__u32 seq; /* of the segment that was looked up */
	__u32 ack_seq;
	__u8 version; /* 4 or 6 */
	__u8 reserved[3];
};

/* maps/sw_validated: per CPU, tuples whose cookie has just verified. */
struct sw_validated {
	__be32 saddr[4];
	__be32 daddr[4];
	__be16 sport;
	__be16 dport;
	__u32 ack_seq;
	__u64 now_ns;
	__u64 handed_ns; /* when TC handed it on that has no marks; else 0 */
};

/* maps/sw_consumed: cookies that have become a socket. Four to a bucket. */
struct sw_consumed {
	__u64 cookie; /* half of its MAC and its sequence number; 0 = free */
	__u64 made_ns;
};

struct sw_consumed_bucket {
	struct sw_consumed entry[SW_CONSUMED_WAYS];
};

/* maps/sw_handed: cookies on their way from TC to the kernel's TCP. */
struct sw_handed {
	__u64 cookie; /* as in sw_consumed; 0 = has arrived */
};

/* maps/sw_nat: per CPU, for IPv4 and IPv6: would NAT reset our clients? */
struct sw_nat {
	__u64 tick; /* of 17 ms, in which we looked */
	__u64 net;  /* at which namespace; the kernel's address of it */
	__u32 resets;
	__u32 reserved;
};

#endif
