/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does netfilter of this network namespace take our connections away?
 *
 * bpf/nat.h tells why, and asks for each packet; this is for the warning.
 */
#ifndef SYNWARD_NAT_USER_H
#define SYNWARD_NAT_USER_H

#include <stdbool.h>

#define NAT_WARNING                                                         \
	"netfilter has NAT here, with which Linux would reset the clients " \
	"that we challenge. So SYNs pass, unprotected (syn_nat). To "       \
	"change that: let conntrack not track the protected ports "         \
	"(notrack) and attach with --despite-nat; or, unless a rule drops " \
	"INVALID packets: sysctl -w "                                       \
	"net.netfilter.nf_conntrack_tcp_loose=0 (README, NAT)"

/* There is NAT, and conntrack follows a cookie's ACK. Rules of one's own that
 * leave the protected ports untracked are not looked for. */
bool nat_resets(void);

#endif
