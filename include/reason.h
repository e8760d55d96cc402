/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a packet left: one line per reason, and nothing else knows the list.
 *
 * From these tables come enum sw_reason, the named counters of struct
 * sw_reasons, the XDP and TC actions (bpf/leave.h), the half-open statistics
 * (bpf/totals.h) and the text of `synward stats`. To add a reason, add a line
 * here and return it.
 *
 * Columns: enum name, counter's name, what leave does with it, the half-open
 * column that it adds to (enum sw_column), what it tells an operator (enum
 * sw_weight), and help.
 */
#ifndef SYNWARD_REASON_H
#define SYNWARD_REASON_H

/* clang-format off */

/* XDP hands these to the kernel, or keeps its word to a client that has a
 * cookie: the same in every mode. */
#define SW_REASONS_PASS(X)                                                     \
	X(NOT_TCP, not_tcp, PASS, NONE, NORMAL,                                \
	  "not TCP over IPv4 or IPv6")                                         \
	X(MALFORMED, malformed, PASS, NONE, ATTACK,                            \
	  "header cut short or lengths that disagree; the kernel drops it")    \
	X(VLAN_STACKED, vlan_stacked, PASS, NONE, NORMAL,                      \
	  "more than one VLAN tag: not protected, the kernel answers")         \
	X(FRAGMENT, fragment, PASS, NONE, NORMAL,                              \
	  "IP fragment")                                                       \
	X(IP6_CHAIN, ip6_chain, PASS, NONE, ATTACK,                            \
	  "IPv6 extension headers past the bound, or a routing header whose "  \
	  "last hop is not here")                                              \
	X(PORT_UNPROTECTED, port_unprotected, PASS, NONE, NORMAL,              \
	  "SYN to a port that is not protected")                               \
	X(SERVICE_IDLE, service_idle, PASS, NONE, NORMAL,                      \
	  "not a SYN, and no cookie was issued at its port lately")                \
	X(NOT_EXAMINED, not_examined, PASS, NONE, NORMAL,                      \
	  "RST, SYN-ACK or no ACK flag: never part of a cookie handshake")     \
	X(SYN_BAD_FLAGS, syn_bad_flags, PASS, PASSED, ATTACK,                  \
	  "SYN with FIN or RST; the kernel drops it")                          \
	X(SYN_OFF, syn_off, PASS, PASSED, NORMAL,                              \
	  "SYN, mode off or interface being detached")                         \
	X(SYN_HAS_SOCKET, syn_has_socket, PASS, PASSED, NORMAL,                \
	  "SYN on a tuple that has a socket: the kernel's")                    \
	X(SYN_NO_LISTENER, syn_no_listener, PASS, PASSED, NORMAL,              \
	  "SYN to a closed port; the kernel sends RST")                        \
	X(SYN_MPTCP, syn_mptcp, PASS, WOULD, FAULT,                            \
	  "SYN to an MPTCP listener, for which the kernel makes no socket of "  \
	  "a cookie: not protected")                                                         \
	X(SYN_NAT, syn_nat, PASS, WOULD, FAULT,                                \
	  "SYN that was to be challenged, but netfilter's NAT would reset its " \
	  "client: not protected")                                             \
	X(SYN_SIGNED, syn_signed, PASS, PASSED, NORMAL,                        \
	  "SYN with TCP-MD5 or TCP-AO to a listener that has keys")            \
	X(SYN_CALM, syn_calm, PASS, PASSED, NORMAL,                            \
	  "SYN, adaptive: the listener's half-open queue is below start")      \
	X(FOREIGN_MAC, foreign_mac, PASS, NONE, NORMAL,                        \
	  "frame for another station, broadcast or multicast")                 \
	X(FOREIGN_ADDRESS, foreign_address, PASS, NONE, NORMAL,                \
	  "destination is no address of this machine")                         \
	X(ACK_HAS_SOCKET, ack_has_socket, PASS, NONE, NORMAL,                  \
	  "segment of a connection that the kernel knows")                     \
	X(ACK_NO_LISTENER, ack_no_listener, PASS, NONE, NORMAL,                \
	  "segment to a closed port; the kernel sends RST")                    \
	X(ACK_KERNEL_COOKIE, ack_kernel_cookie, PASS, NONE, NORMAL,            \
	  "ACK of a cookie that the kernel itself issued")                     \
	X(ACK_ENDS_REQUEST, ack_ends_request, RESET, NONE, NORMAL,             \
	  "ACK of our cookie, but the kernel had begun a handshake of its "    \
	  "own: forgotten, the client's next segment opens")                   \
	X(ACK_BEHIND_REQUEST, ack_behind_request, DROP, NONE, NORMAL,          \
	  "data of our cookie's client, but the kernel has begun a handshake " \
	  "of its own; the client sends it again")                             \
	X(ACK_ACCEPT_FULL, ack_accept_full, DROP, REFUSED, FAULT,              \
	  "valid ACK, or data behind it, while the accept queue is full; "     \
	  "what it sends is sent again")                                       \
	X(ACK_FOLLOWS, ack_follows, MARK, NONE, NORMAL,                        \
	  "segment right behind an ACK whose socket is being made")            \
	X(ACK_VALID, ack_valid, MARK, VALID, NORMAL,                           \
	  "ACK of our cookie: a real client")

/*
 * XDP drops or answers these. Where synward only observes, the same verdict
 * is counted under would_ and the packet passes.
 */
#define SW_REASONS_ACT(X)                                                      \
	X(SYN_ANSWERED, syn_answered, ANSWER, CHALLENGED, NORMAL,              \
	  "SYN answered with a cookie")                                        \
	X(SYN_BAD_SOURCE, syn_bad_source, DROP, DROPPED, ATTACK,               \
	  "SYN from an address that no client can have, such as our own")      \
	X(SYN_ACCEPT_FULL, syn_accept_full, DROP, DROPPED, FAULT,              \
	  "SYN while the accept queue is full: the application is too slow")   \
	X(SYN_UNSIGNABLE, syn_unsignable, DROP, DROPPED, ATTACK,               \
	  "SYN with TCP-MD5 or TCP-AO, but the listener has no keys")          \
	X(SYN_NO_ROOM, syn_no_room, DROP, DROPPED, FAULT,                      \
	  "SYN whose frame the driver could not resize for the SYN-ACK")       \
	X(ACK_OLD, ack_old, DROP, OLD, NORMAL,                                 \
	  "ACK of our cookie, but older than two epochs")                      \
	X(ACK_BAD, ack_bad, DROP, BAD, ATTACK,                                 \
	  "ACK that is no cookie of ours, nor of a connection")                \
	X(ACK_REPLAYED, ack_replayed, DROP, REPLAYED, NORMAL,                  \
	  "ACK of a cookie that was a connection already: a late duplicate")

/* The TC program's, for what XDP let through. */
#define SW_REASONS_TC(X)                                                       \
	X(TC_UNMARKED, tc_unmarked, PASS, NONE, NORMAL,                        \
	  "packet without our mark")                                           \
	X(TC_SOCKET_MADE, tc_socket_made, PASS, MADE, NORMAL,                  \
	  "finished handshake handed to the kernel, which makes the "          \
	  "socket")                                                            \
	X(TC_SOCKET_EXISTS, tc_socket_exists, PASS, NONE, NORMAL,              \
	  "the connection already exists (a duplicate ACK, or its data)")      \
	X(TC_FORGED, tc_forged, PASS, NONE, ATTACK,                            \
	  "our mark on what acknowledges no cookie: somebody nearby forges "   \
	  "metadata")                                                          \
	X(TC_ENDS_REQUEST, tc_ends_request, RESET, NONE, NORMAL,               \
	  "valid cookie, but the kernel had just begun a handshake of its "    \
	  "own: forgotten, the client's next segment opens")                   \
	X(TC_LOOPED, tc_looped, LOOP, NONE, NORMAL,                            \
	  "segment sent round once, so that its socket exists when it returns") \
	X(TC_NO_CHILD, tc_no_child, DROP, NONE, FAULT,                         \
	  "came round and there was no socket: accept queue full, or refused") \
	X(TC_LISTENER_GONE, tc_listener_gone, PASS, REFUSED, NORMAL,           \
	  "the listener closed between XDP and TC; the kernel sends RST")      \
	X(TC_UNREADABLE, tc_unreadable, DROP, REFUSED, FAULT,                  \
	  "marked, but TC could not get at its headers")                       \
	X(TC_REFUSED_INVAL, tc_refused_inval, DROP, REFUSED, FAULT,            \
	  "EINVAL: the kernel refuses these options (a sysctl was turned "     \
	  "off) or this listener (MPTCP)")                                     \
	X(TC_REFUSED_NETNS, tc_refused_netns, DROP, REFUSED, FAULT,            \
	  "ENETUNREACH: listener in another network namespace")                \
	X(TC_REFUSED_NOMEM, tc_refused_nomem, DROP, REFUSED, FAULT,            \
	  "ENOMEM: no memory for a request socket")                            \
	X(TC_REFUSED_OTHER, tc_refused_other, DROP, REFUSED, FAULT,            \
	  "the kernel refused for another reason")

/* clang-format on */

/*
 * All of them in enum order, each a row ended by a comma: ROW's for verdicts
 * that are carried out, WOULD's for those that are only counted.
 */
#define SW_REASON_TABLE(ROW, WOULD) \
	SW_REASONS_PASS(ROW)        \
	SW_REASONS_ACT(ROW) SW_REASONS_ACT(WOULD) SW_REASONS_TC(ROW)

#define SW_REASON_ENUM(NAME, ...) SW_##NAME,
#define SW_REASON_ENUM_WOULD(NAME, ...) SW_WOULD_##NAME,

enum sw_reason {
	SW_GO_ON, /* a stage's "not decided yet"; a packet never leaves so */
	SW_REASON_TABLE(SW_REASON_ENUM, SW_REASON_ENUM_WOULD) SW_REASONS
};

/* From a verdict to the counter of the verdict that was not carried out. */
#define SW_WOULD (SW_WOULD_SYN_ANSWERED - SW_SYN_ANSWERED)

#define SW_REASON_COUNTER(NAME, name, ...) __u64 name;
#define SW_REASON_COUNTER_WOULD(NAME, name, ...) __u64 would_##name;

/* Packets by reason. Field order is enum order: indexed by enum sw_reason. */
struct sw_reasons {
	__u64 without_reason; /* SW_GO_ON: a bug in synward if it ever counts */
	SW_REASON_TABLE(SW_REASON_COUNTER, SW_REASON_COUNTER_WOULD)
};

_Static_assert(sizeof(struct sw_reasons) == SW_REASONS * sizeof(__u64),
	       "one counter per reason");

/* What leave does with a packet; XDP and TC number their actions apart. */
enum sw_act {
	SW_ACT_PASS,
	SW_ACT_MARK,   /* pass, with metadata for TC */
	SW_ACT_RESET,  /* pass, rewritten as the client's RST */
	SW_ACT_ANSWER, /* XDP_TX */
	SW_ACT_DROP,
	SW_ACT_LOOP, /* redirect to the same interface's ingress */
};

/* Columns of struct sw_half_open (synward.h), in its order. */
enum sw_column {
	SW_COL_NONE,
	SW_COL_PASSED,
	SW_COL_CHALLENGED,
	SW_COL_WOULD,
	SW_COL_DROPPED,
	SW_COL_VALID,
	SW_COL_OLD,
	SW_COL_BAD,
	SW_COL_REPLAYED,
	SW_COL_MADE,
	SW_COL_REFUSED,
	SW_COLUMNS
};

/* The column of a verdict not carried out, by the column of the verdict: what
 * would have been dropped was passed. */
#define SW_WOULD_COL_NONE SW_COL_NONE
#define SW_WOULD_COL_CHALLENGED SW_COL_WOULD
#define SW_WOULD_COL_DROPPED SW_COL_PASSED
#define SW_WOULD_COL_OLD SW_COL_OLD
#define SW_WOULD_COL_BAD SW_COL_BAD
#define SW_WOULD_COL_REPLAYED SW_COL_REPLAYED
#define SW_WOULD_COL_REFUSED SW_COL_NONE

/* What a rising counter means. */
enum sw_weight {
	SW_NORMAL, /* traffic as it should be */
	SW_ATTACK, /* somebody sends what no client sends */
	SW_FAULT,  /* something on this machine wants attention */
};

#endif
