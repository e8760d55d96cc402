/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's side of run.h: the namespace, its sysctls, sockets, the wire. */
#include "run.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKETS_MAX 64
#define SYSCTLS_MAX 16
#define REQUESTS_MAX 64

unsigned int run_ifindex;

static int wire = -1;
static int sockets[SOCKETS_MAX], socket_count;
static unsigned int requests, rmem_max;
static struct frame_spec request[REQUESTS_MAX];

bool run_until(bool (*condition)(void *data), void *data)
{
	for (int i = 0; i < RUN_WAIT_MS; i++) {
		if (condition(data))
			return true;
		poll(NULL, 0, 1);
	}
	return condition(data);
}

/* ---- the world ---- */

void run_ip(const char *command)
{
	char line[256];

	snprintf(line, sizeof(line), "ip %s", command);
	if (system(line))
		errx(1, "%s: failed", line);
	if (run_skel)
		run_moment_ends();
}

/* Before we leave: other namespaces do not show it. */
static void read_rmem_max(void)
{
	FILE *f = fopen("/proc/sys/net/core/rmem_max", "re");

	if (!f || fscanf(f, "%u", &rmem_max) != 1)
		err(1, "net.core.rmem_max");
	fclose(f);
}

static void open_namespaces(void)
{
	read_rmem_max();
	if (unshare(CLONE_NEWNET | CLONE_NEWNS))
		err(1, "unshare (tests/prog need root)");
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		err(1, "mount --make-rprivate /");
}

/* No ARP, no IPv6 on the wire's end: nothing moves unless a test moves it. */
static void open_veth(void)
{
	run_ip("link set lo up");
	/* otherwise the machine's memory decides */
	run_sysctl("ipv4/tcp_rmem", "4096 131072 33554432");
	run_ip("link add " RUN_DEV " address 02:00:00:00:00:01 type veth "
	       "peer name " RUN_WIRE " address 02:00:00:00:00:07");
	run_sysctl("ipv6/conf/" RUN_WIRE "/disable_ipv6", "1");
	run_sysctl("ipv6/conf/" RUN_DEV "/router_solicitations", "0");
	run_ip("link set " RUN_DEV " up arp off");
	run_ip("link set " RUN_WIRE " up arp off");
	run_ip("addr add 192.0.2.1/24 dev " RUN_DEV);
	run_ip("addr add 192.0.2.2/24 dev " RUN_DEV);
	run_ip("addr add 2001:db8::1/64 dev " RUN_DEV " nodad");
	run_ip("route add default dev " RUN_DEV);
	run_ip("-6 route add default dev " RUN_DEV);
	run_ifindex = if_nametoindex(RUN_DEV);
}

static void open_wire(void)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex(RUN_WIRE),
	};

	wire = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (wire < 0 || bind(wire, (struct sockaddr *)&to, sizeof(to)))
		err(1, "AF_PACKET on " RUN_WIRE);
}

/* ---- sysctls ---- */

static struct {
	char path[96];
	char before[64];
} sysctls[SYSCTLS_MAX];
static int sysctl_count;

static void sysctl_file(const char *path, const char *value, char *ret_before)
{
	char file[160];
	ssize_t n;
	int fd;

	snprintf(file, sizeof(file), "/proc/sys/net/%s", path);
	fd = open(file, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", file);
	if (ret_before) {
		n = read(fd, ret_before, 63);
		ret_before[n > 0 ? n : 0] = 0;
		lseek(fd, 0, SEEK_SET);
	}
	if (write(fd, value, strlen(value)) < 0)
		err(1, "%s = %s", file, value);
	close(fd);
}

void run_sysctl(const char *path, const char *value)
{
	if (!run_skel) { /* for good */
		sysctl_file(path, value, NULL);
		return;
	}
	assert_int_not_equal(sysctl_count, SYSCTLS_MAX);
	snprintf(sysctls[sysctl_count].path, sizeof(sysctls->path), "%s", path);
	sysctl_file(path, value, sysctls[sysctl_count++].before);
	run_moment_ends();
}

static void sysctls_back(void)
{
	while (sysctl_count--)
		sysctl_file(sysctls[sysctl_count].path,
			    sysctls[sysctl_count].before, NULL);
	sysctl_count = 0;
}

void run_mtu(unsigned int mtu)
{
	struct ifreq request = { .ifr_name = RUN_DEV, .ifr_mtu = mtu };

	assert_int_equal(ioctl(wire, SIOCSIFMTU, &request), 0);
	run_moment_ends();
}

/* ---- sockets ---- */

static int keep(int fd)
{
	if (fd < 0)
		fail_msg("socket: %s", strerror(errno));
	assert_int_not_equal(socket_count, SOCKETS_MAX);
	sockets[socket_count++] = fd;
	return fd;
}

static socklen_t address_of(const char *text, unsigned short port,
			    struct sockaddr_storage *at)
{
	struct sockaddr_in *a4 = (void *)at;
	struct sockaddr_in6 *a6 = (void *)at;

	memset(at, 0, sizeof(*at));
	if (text && inet_pton(AF_INET, text, &a4->sin_addr) == 1) {
		a4->sin_family = AF_INET;
		a4->sin_port = htons(port);
		return sizeof(*a4);
	}
	assert_int_equal(inet_pton(AF_INET6, text ?: "::", &a6->sin6_addr), 1);
	a6->sin6_family = AF_INET6;
	a6->sin6_port = htons(port);
	return sizeof(*a6);
}

static void option(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)))
		fail_msg("setsockopt %d: %s", name, strerror(errno));
}

static void sign(int fd, const char *peer)
{
	struct tcp_md5sig key = { .tcpm_keylen = 3, .tcpm_key = "key" };
	struct sockaddr_storage at;

	address_of(peer, 0, &at);
	memcpy(&key.tcpm_addr, &at, sizeof(at));
	if (setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &key, sizeof(key)))
		fail_msg("TCP_MD5SIG: %s", strerror(errno));
}

int run_listen(struct run_listener how)
{
	struct sockaddr_storage at;
	socklen_t len = address_of(how.address, how.port ?: RUN_PORT, &at);
	int fd = keep(
		socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, how.protocol));

	option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (how.rcvbuf)
		option(fd, SOL_SOCKET, SO_RCVBUF, how.rcvbuf);
	if (how.maxseg)
		option(fd, IPPROTO_TCP, TCP_MAXSEG, how.maxseg);
	if (how.md5)
		sign(fd, "2001:db8:1::7");
	if (bind(fd, (struct sockaddr *)&at, len) ||
	    listen(fd, how.backlog < 0 ? 0 :
		       how.backlog     ?:
					 16))
		fail_msg("listen: %s", strerror(errno));
	run_moment_ends();
	return fd;
}

void run_unlisten(int fd)
{
	for (int i = 0; i < socket_count; i++)
		if (sockets[i] == fd)
			sockets[i] = sockets[--socket_count];
	close(fd);
	run_moment_ends();
}

static unsigned short connect_from(const char *to)
{
	struct sockaddr_storage at;
	socklen_t len = address_of(to, RUN_PORT, &at);
	int fd = keep(socket(at.ss_family,
			     SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));

	if (connect(fd, (struct sockaddr *)&at, len) && errno != EINPROGRESS)
		fail_msg("connect: %s", strerror(errno));
	len = sizeof(at);
	getsockname(fd, (struct sockaddr *)&at, &len);
	return ntohs(((struct sockaddr_in *)&at)->sin_port);
}

struct queue {
	int fd;
	unsigned int want;
};

/* Of a listener, tcpi_unacked is the accept queue. */
static bool accept_queue_is(void *data)
{
	struct queue *q = data;
	struct tcp_info info = {};
	socklen_t len = sizeof(info);

	getsockopt(q->fd, IPPROTO_TCP, TCP_INFO, &info, &len);
	return info.tcpi_unacked == q->want;
}

void run_fill_accept(int listener, unsigned int n)
{
	struct queue q = { listener, n };

	for (unsigned int i = 0; i < n; i++)
		connect_from("127.0.0.1");
	if (!run_until(accept_queue_is, &q))
		fail_msg("the accept queue did not get %u", n);
}

unsigned short run_connect(void)
{
	return connect_from("192.0.2.1");
}

/* Requests (state 03, SYN_RECV) that /proc shows in one of its files. */
static unsigned int requests_in(const char *file)
{
	FILE *f = fopen(file, "re");
	unsigned int n = 0, state;
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		n += sscanf(line, " %*d: %*[0-9A-F:] %*[0-9A-F:] %x", &state) ==
			     1 &&
		     state == 3;
	if (f)
		fclose(f);
	return n;
}

static bool requests_are(void *want)
{
	return requests_in("/proc/thread-self/net/tcp") +
		       requests_in("/proc/thread-self/net/tcp6") ==
	       *(unsigned int *)want;
}

static void requests_wait(void)
{
	if (!run_until(requests_are, &requests))
		fail_msg("the kernel does not have %u requests", requests);
}

void run_request(const struct frame_spec *syn)
{
	assert_int_not_equal(requests, REQUESTS_MAX);
	request[requests++] = *syn;
	run_wire(syn);
	requests_wait();
}

void run_half_open(unsigned int n)
{
	struct frame_spec syn = { .src = "203.0.113.1", .flags = FRAME_SYN };

	while (n--) {
		syn.sport = 20000 + requests;
		run_request(&syn);
	}
}

void run_half_open_less(unsigned int n)
{
	while (n--) {
		struct frame_spec rst = request[--requests];

		rst.flags = FRAME_RST;
		rst.seq++;
		run_wire(&rst);
	}
	requests_wait();
}

/* A closed listener's requests live on: a RST ends one. */
static void requests_end(void)
{
	if (requests)
		run_half_open_less(requests);
}

/* ---- the wire ---- */

void run_wire(const struct frame_spec *spec)
{
	struct frame f;

	frame_build(&f, spec);
	if (send(wire, f.data, f.len, 0) != (ssize_t)f.len)
		fail_msg("send: %s", strerror(errno));
}

void run_wire_reply(const struct frame_spec *spec, struct frame_reply *ret)
{
	struct pollfd readable = { .fd = wire, .events = POLLIN };
	unsigned short port = spec->sport ?: 40000;
	struct frame f;
	ssize_t n;

	while (poll(&readable, 1, RUN_WAIT_MS) == 1) {
		n = recv(wire, f.data, sizeof(f.data), 0);
		if (n > 0 && frame_read(f.data, n, ret) && ret->dport == port)
			return;
	}
	fail_msg("no answer from the kernel");
}

static void wire_drain(void)
{
	char byte;

	while (recv(wire, &byte, 1, MSG_DONTWAIT) >= 0)
		;
}

/* ---- for run.c ---- */

void run_stage_open(void)
{
	open_namespaces();
	open_veth();
	open_wire();
}

void run_stage_close(void)
{
	close(wire);
}

unsigned int run_stage_rmem_max(void)
{
	return rmem_max;
}

void run_stage_reset(void)
{
	requests_end();
	wire_drain();
	while (socket_count)
		close(sockets[--socket_count]);
	sysctls_back();
	run_mtu(1500);
}
