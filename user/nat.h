/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does netfilter of this network namespace take our connections away?
 *
 * Where a NAT chain is in use, nf_nat_ipv4_local_in() and its IPv6 twin compare
 * the port that conntrack has of a packet's source with that of the packet's
 * socket. Ours is the request socket that bpf_sk_assign_tcp_reqsk() has made,
 * whose port is not set before TCP gets it: they differ, the socket is dropped,
 * and the ACK draws RST (tried on Linux 6.18). Not so for packets that conntrack
 * does not follow: untracked ones, and with nf_conntrack_tcp_loose=0 those that
 * begin in the middle of a connection, as a cookie's ACK does.
 */
#ifndef SYNWARD_NAT_H
#define SYNWARD_NAT_H

#include <stdbool.h>

#define NAT_WARNING                                                         \
	"netfilter translates addresses here, and Linux would reset the "   \
	"connections of challenged clients; so nobody is challenged "       \
	"(syn_nat), which the cure changes: sysctl -w "                     \
	"net.netfilter.nf_conntrack_tcp_loose=0, or let conntrack not "     \
	"track the protected ports and attach with --despite-nat (README, " \
	"NAT)"

/* There is NAT, and conntrack follows a cookie's ACK. Rules of one's own that
 * leave the protected ports untracked are not looked for. */
bool nat_resets(void);

#endif
