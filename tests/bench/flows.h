/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many flows at once, as cost.bpf.c numbers them: the connections that the
 * kernel has of them, and the cookies that they bring back.
 *
 * Flow n comes from 198.18.0.0 + n or 2001:db8:2:: + n, port 1024 + n modulo
 * 32768.
 */
#ifndef SYNWARD_BENCH_FLOWS_H
#define SYNWARD_BENCH_FLOWS_H

#include "measure.h"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define FLOWS_HOLDERS_MAX 128
#define FLOWS_FILES_KEPT 64 /* of a process, for other things */
#define FLOWS_SOURCE4 "198.18.0.0"
#define FLOWS_SOURCE6 "2001:db8:2::"

/* processes that hold connections, and the pipe whose end lets them go */
static pid_t flows_holder[FLOWS_HOLDERS_MAX];
static unsigned int flows_holders;
static int flows_until;

static inline unsigned short flows_port(unsigned int flow)
{
	return 1024 + (flow & 0x7fff);
}

/* Text of a flow's source address, for struct frame_spec. */
static inline const char *flows_source(bool ip6, unsigned int flow, char *text,
				       size_t size)
{
	struct in_addr a;

	if (ip6) {
		struct in6_addr a6;

		inet_pton(AF_INET6, FLOWS_SOURCE6, &a6);
		a6.s6_addr32[3] = htonl(flow);
		return inet_ntop(AF_INET6, &a6, text, size);
	}
	inet_pton(AF_INET, FLOWS_SOURCE4, &a);
	a.s_addr = htonl(ntohl(a.s_addr) + flow);
	return inet_ntop(AF_INET, &a, text, size);
}

/* A socket that believes itself connected (TCP_REPAIR): no packet is sent. */
static inline void flows_connection(unsigned int flow)
{
	struct sockaddr_in from = { .sin_family = AF_INET,
				    .sin_port = htons(RUN_PORT) };
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(flows_port(flow)) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	inet_pton(AF_INET, "192.0.2.1", &from.sin_addr);
	inet_pton(AF_INET, FLOWS_SOURCE4, &to.sin_addr);
	to.sin_addr.s_addr = htonl(ntohl(to.sin_addr.s_addr) + flow);
	if (fd < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) ||
	    bind(fd, (void *)&from, sizeof(from)) ||
	    connect(fd, (void *)&to, sizeof(to)))
		err(1, "connection %u", flow);
}

/* Holds the connections of flows from..to-1 until the parent goes on. */
static inline void flows_hold(unsigned int from, unsigned int to, int ready,
			      int until)
{
	char byte = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned int flow = from; flow < to; flow++)
		flows_connection(flow);
	if (write(ready, &byte, 1) != 1 || read(until, &byte, 1) < 0)
		err(1, "flows");
	_exit(0);
}

/*
 * Connections of the first n flows, over IPv4: as many processes as it takes
 * that none has more files open than it may.
 */
static inline void flows_connect(unsigned int n)
{
	int ready[2], until[2];
	struct rlimit files;
	unsigned int each;
	char byte;

	if (getrlimit(RLIMIT_NOFILE, &files) || pipe(ready) || pipe(until))
		err(1, "flows");
	each = files.rlim_cur - FLOWS_FILES_KEPT;
	for (unsigned int from = 0; from < n; from += each) {
		if (flows_holders == FLOWS_HOLDERS_MAX)
			errx(1, "%u connections: raise ulimit -n", n);
		flows_holder[flows_holders] = fork();
		if (!flows_holder[flows_holders]) {
			close(until[1]);
			flows_hold(from, from + each < n ? from + each : n,
				   ready[1], until[0]);
		}
		flows_holders++;
		if (read(ready[0], &byte, 1) != 1)
			err(1, "flows");
	}
	close(ready[0]);
	close(ready[1]);
	close(until[0]);
	flows_until = until[1];
}

static inline void flows_disconnect(void)
{
	if (!flows_holders)
		return;
	close(flows_until);
	while (flows_holders)
		waitpid(flows_holder[--flows_holders], NULL, 0);
}

/* Each of the first n flows sends this SYN and remembers our answer. */
static inline void flows_collect(struct frame_spec syn, unsigned int n)
{
	struct frame_reply answer;
	char source[INET6_ADDRSTRLEN];
	struct xdp_md ctx = { .ingress_ifindex = run_ifindex };
	struct frame in, out;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in.data,
		    .data_out = out.data, .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx));

	for (unsigned int flow = 0; flow < n; flow++) {
		syn.src = flows_source(syn.ip6, flow, source, sizeof(source));
		syn.sport = flows_port(flow);
		frame_build(&in, &syn);
		opts.data_size_in = ctx.data_end = in.len;
		opts.data_size_out = sizeof(out.data);
		if (bpf_prog_test_run_opts(
			    bpf_program__fd(run_skel->progs.sw_xdp), &opts) ||
		    opts.retval != XDP_TX ||
		    !frame_read(out.data, opts.data_size_out, &answer))
			errx(1, "flow %u got no SYN-ACK", flow);
		measure_skel->bss->cost_acks[flow].ack = htonl(answer.seq + 1);
		measure_skel->bss->cost_acks[flow].tsecr = htonl(answer.tsval);
	}
}

#endif
