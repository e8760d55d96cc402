/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs frames through sw_xdp by BPF_PROG_TEST_RUN: a network namespace of our
 * own with one veth and real sockets in it, the programs loaded for it, and
 * after each packet the books: exactly one reason counted it, and what
 * happened to it is what that reason says.
 *
 *	wire (swt1)  ---  swt0 02:00:00:00:00:01
 *			  192.0.2.1/24, 192.0.2.2/24, 2001:db8::1/64,
 *			  default routes
 *
 * Helpers that find the kernel or the machine wanting fail the test.
 */
#ifndef SYNWARD_TEST_RUN_H
#define SYNWARD_TEST_RUN_H

#include <linux/types.h>

#include "frame.h"
#include "synward.h"
#include "unit.h"

#include "synward.skel.h"

#define RUN_DEV "swt0"
#define RUN_WIRE "swt1"
#define RUN_PORT 80
#define RUN_PORTS 128    /* tests use ports below; run_reset() clears them */
#define RUN_EPOCH 1000   /* in which every test begins, by its 10th second */
#define RUN_WAIT_MS 5000 /* bound of every wait */
#define RUN_SECOND_NS 1000000000ULL

extern struct synward *run_skel;
extern unsigned int run_ifindex;    /* of RUN_DEV */
extern struct sw_config run_config; /* change it, then run_configure() */
extern struct sw_keyring run_keys;  /* in force in slot 0 */

/* Once, by main(): namespaces, veth, programs. Exits where it cannot. */
void run_open(void);
void run_close(void);

/*
 * First in every test: empty maps, mode always, start 25%, clock at
 * RUN_EPOCH, every listener closed, sysctls and MTU as they were.
 */
void run_reset(void);

void run_configure(void); /* run_config and run_keys to the kernel */
/* What the programs remember of a listener for one tick of the clock is no
 * longer true; called by all that changes it below. */
void run_moment_ends(void);
void run_mode(enum sw_mode mode);
void run_drain(void); /* detach has begun */
void run_iface(const struct sw_iface *iface);
void run_clock(__u32 epoch, __u64 into_ns);
void run_clock_add(__s64 ns);
/* For packets it is the same tick from now on, whatever run_listen() and its
 * like say, until it goes again or run_reset(). */
void run_clock_stop(void);
void run_clock_go(void);
__u64 run_now(void); /* synward's clock, as packets read it */
/* Waits for the coarse clock's next tick and returns it. */
__u64 run_tick(void);

/* ---- one packet ---- */

#define RUN_META_MAX 64

struct run {
	int action; /* enum xdp_action */
	enum sw_reason reason;
	__u32 service; /* the row that counted it */
	struct frame out;
	unsigned char meta[RUN_META_MAX]; /* in front of out */
	unsigned int meta_len;
};

/* The metadata of ACK_VALID and ACK_FOLLOWS, struct leave_mark. */
struct run_mark {
	__u32 magic;
	__u16 service;
	__u16 kind; /* 1 valid, 2 follows */
	__u32 rcv_tsval;
	__u32 rcv_tsecr;
	__u16 mss;
	__u8 rcv_wscale;
	__u8 snd_wscale;
	__u8 ecn_ok;
	__u8 wscale_ok;
	__u8 sack_ok;
	__u8 tstamp_ok;
	__u8 usec_ts_ok;
	__u8 reserved[3];
};

#define RUN_MAGIC 0x73796e77

/*
 * Runs a frame and fails unless one reason moved, by one, and the frame met
 * the fate of that reason: passed untouched, passed with our mark, answered
 * with right checksums, or dropped.
 */
void run_frame(const struct frame *in, struct run *ret_run);
void run_frame_meta(const struct frame *in, const void *meta,
		    unsigned int meta_len, struct run *ret_run);
void run_spec(const struct frame_spec *spec, struct run *ret_run);

const char *run_reason_name(enum sw_reason reason);
/* Runs it and fails unless it left for this reason. */
void run_wants(const struct frame_spec *spec, enum sw_reason want);
/* The same for a SYN that is to be answered, and reads the answer. */
void run_answer(const struct frame_spec *syn, struct frame_reply *ret_reply);

/* A handshake up to the client's ACK, which the caller may change. ack points
 * into it: not to be copied. */
struct run_shake {
	struct frame_reply synack;
	struct frame_spec ack;
	unsigned char options[12];
};

void run_shake(const struct frame_spec *syn, struct run_shake *s);
/* The ACK of a SYN-ACK, whoever sent that. */
void run_shake_ack(const struct frame_spec *syn, struct run_shake *s);

/* ---- cookies, by the host's build of cookie.h ---- */

struct cookie_options;

/* The SYN-ACK's number acknowledged, for a client without options. */
__u32 run_cookie_ack(const struct frame_spec *ack);
/* Does it acknowledge a cookie? */
bool run_cookie_check(const struct frame_spec *ack, struct cookie_options *o);
/* As if this cookie had become a connection; and is it remembered? */
void run_consume(const struct frame_spec *ack);
bool run_consumed(const struct frame_spec *ack);
/* Fills the cookie's bucket with others. */
void run_crowd(const struct frame_spec *ack);

/* ---- books ---- */

__u64 run_count(enum sw_reason reason); /* over all services and CPUs */
__u64 run_count_of(__u32 service, enum sw_reason reason);
bool run_was_hit(enum sw_reason reason); /* by any packet since run_open() */
void run_port(__u16 port, struct sw_port *ret_port);
void run_totals(struct sw_totals *ret_totals);

/* ---- the kernel's side ---- */

struct run_listener {
	const char *address; /* NULL = any, of both versions */
	unsigned short port; /* 0 = RUN_PORT */
	int backlog;         /* 0 = 16; -1 = listen(0) */
	int protocol;
	int rcvbuf; /* SO_RCVBUF, 0 = not set */
	int maxseg; /* TCP_MAXSEG, 0 = not set */
	bool md5;   /* with a TCP-MD5 key for 198.51.100.7 and 2001:db8:1::7 */
};

int run_listen(struct run_listener how);
void run_unlisten(int fd);
/* n more requests in the queue of RUN_PORT's listener. */
void run_half_open(unsigned int n);
/* The last n of them end. */
void run_half_open_less(unsigned int n);
/* The same of this SYN; run_reset() ends them all. */
void run_request(const struct frame_spec *syn);
/* n more connections that nobody accepts. */
void run_fill_accept(int listener, unsigned int n);
/* An established connection from 192.0.2.1 to itself; its client port. */
unsigned short run_connect(void);

void run_ip(const char *command);                     /* "ip COMMAND" */
void run_sysctl(const char *path, const char *value); /* below net/ */
void run_mtu(unsigned int mtu);

/* Puts a frame on the wire: it arrives at swt0. */
void run_wire(const struct frame_spec *spec);
/* Waits for the kernel's segment to spec's sender. */
void run_wire_reply(const struct frame_spec *spec, struct frame_reply *ret);

/* True once condition(data) is; false after RUN_WAIT_MS. */
bool run_until(bool (*condition)(void *data), void *data);

/* ---- between run.c and run_stage.c ---- */

void run_stage_open(void);
void run_stage_close(void);
void run_stage_reset(void);
unsigned int run_stage_rmem_max(void); /* net.core.rmem_max */

#endif
