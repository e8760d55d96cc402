// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * clients.c - opens connections at a fixed pace and says who was served
 *
 * Knows: when a connection is due, how long its handshake took, and that one
 * byte of answer means "served".
 * Does not know: HTTP, what the server stands behind, or how results look
 * (outcome.h). Nothing is retried except by the kernel, whose SYN
 * retransmissions are part of the time.
 *
 * Connections are independent: a late one does not delay the next (no
 * coordinated omission). Times are from before connect() to the wake-up that
 * says ESTABLISHED; the percentiles are over the established ones, so read
 * them along with the failures.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "outcome.h"

#define NS_PER_S 1000000000ULL
#define COUNT_MAX 1000000
#define RATE_MAX 100000
#define TIMEOUT_MAX_S 120

struct client {
	int fd;
	enum outcome outcome;
	bool connected;
	uint64_t start_ns;
	uint64_t connect_ns; /* how long it took; 0: never */
};

struct plan {
	struct sockaddr_storage dst, bind;
	socklen_t addrlen;
	bool have_bind, json;
	unsigned long port, rate, count, timeout_s;
	const char *request;
};

struct bench {
	const struct plan *plan;
	struct client *clients;
	int epoll;
	uint64_t start_ns;
	unsigned long launched, finished;
	unsigned long oldest; /* nobody before it is pending */
	int other_errno;      /* the first one that has no column */
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* ---- one client -------------------------------------------------------- */

static void finish(struct bench *b, struct client *c, enum outcome outcome)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->outcome = outcome;
	b->finished++;
}

static void fail(struct bench *b, struct client *c, int err)
{
	switch (err) {
	case ECONNREFUSED:
		return finish(b, c, REFUSED);
	case ETIMEDOUT:
		return finish(b, c, TIMED_OUT);
	case ECONNRESET:
	case EPIPE:
		return finish(b, c, RESET);
	}
	if (!b->other_errno)
		b->other_errno = err;
	finish(b, c, OTHER);
}

/* Returns 0 or -errno. */
static int open_socket(struct bench *b, struct client *c)
{
	const struct plan *plan = b->plan;
	struct epoll_event event = { .events = EPOLLOUT, .data.ptr = c };

	c->fd = socket(plan->dst.ss_family,
		       SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return -errno;
	if (plan->have_bind && bind(c->fd, (void *)&plan->bind, plan->addrlen))
		return -errno;
	c->start_ns = now_ns();
	if (connect(c->fd, (void *)&plan->dst, plan->addrlen) &&
	    errno != EINPROGRESS)
		return -errno;
	return epoll_ctl(b->epoll, EPOLL_CTL_ADD, c->fd, &event) ? -errno : 0;
}

static void launch(struct bench *b)
{
	struct client *c = &b->clients[b->launched++];
	int err = open_socket(b, c);

	if (err)
		fail(b, c, -err);
}

static void on_connected(struct bench *b, struct client *c, uint64_t now)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
	const char *request = b->plan->request;
	socklen_t len = sizeof(int);
	int err = 0;

	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (err)
		return fail(b, c, err);
	c->connected = true;
	c->connect_ns = now - c->start_ns;
	if (send(c->fd, request, strlen(request), MSG_NOSIGNAL) < 0 ||
	    epoll_ctl(b->epoll, EPOLL_CTL_MOD, c->fd, &event))
		fail(b, c, errno);
}

/* An end without a byte of answer counts as reset. */
static void on_answer(struct bench *b, struct client *c)
{
	char byte[4096];
	ssize_t n = recv(c->fd, byte, sizeof(byte), 0);

	if (n > 0)
		finish(b, c, SERVED);
	else if (!n)
		finish(b, c, RESET);
	else if (errno != EAGAIN)
		fail(b, c, errno);
}

/* ---- all of them ------------------------------------------------------- */

static uint64_t due_ns(const struct bench *b, unsigned long nth)
{
	return b->start_ns + nth * NS_PER_S / b->plan->rate;
}

static void expire(struct bench *b, uint64_t now)
{
	uint64_t patience = b->plan->timeout_s * NS_PER_S;
	struct client *c;

	for (; b->oldest < b->launched; b->oldest++) {
		c = &b->clients[b->oldest];
		if (c->outcome != PENDING)
			continue;
		if (now - c->start_ns < patience)
			return;
		finish(b, c, TIMED_OUT);
	}
}

/* The next launch or the next timeout, whichever comes first. */
static uint64_t next_event_ns(const struct bench *b)
{
	uint64_t at = UINT64_MAX, expiry;

	if (b->launched < b->plan->count)
		at = due_ns(b, b->launched);
	if (b->oldest < b->launched) {
		expiry = b->clients[b->oldest].start_ns +
			 b->plan->timeout_s * NS_PER_S;
		at = expiry < at ? expiry : at;
	}
	return at;
}

static void wait_events(struct bench *b)
{
	uint64_t at = next_event_ns(b), now = now_ns();
	uint64_t left = at > now ? at - now : 0;
	struct timespec ts = { left / NS_PER_S, left % NS_PER_S };
	struct epoll_event events[64];
	int n = epoll_pwait2(b->epoll, events, 64, &ts, NULL);

	now = now_ns();
	for (int i = 0; i < n; i++) {
		struct client *c = events[i].data.ptr;

		if (c->connected)
			on_answer(b, c);
		else
			on_connected(b, c, now);
	}
}

static void run(struct bench *b)
{
	b->start_ns = now_ns();
	while (b->finished < b->plan->count) {
		while (b->launched < b->plan->count &&
		       due_ns(b, b->launched) <= now_ns())
			launch(b);
		expire(b, now_ns());
		if (b->finished < b->plan->count)
			wait_events(b);
	}
}

/* ---- the command line -------------------------------------------------- */

static const char usage_text[] =
	"usage: clients --dst ADDR --port N --rate N --count N --timeout S\n"
	"               [options]\n"
	"  -a, --dst ADDR       the server, IPv4 or IPv6\n"
	"  -p, --port N         its port\n"
	"  -r, --rate N         connections begun per second\n"
	"  -n, --count N        connections in all\n"
	"  -t, --timeout S      patience with one, from SYN to answer\n"
	"  -q, --request TEXT   what to send (default an HTTP/1.0 GET of /)\n"
	"  -b, --bind ADDR      from this address\n"
	"  -j, --json           the result as JSON\n"
	"  -h, --help           this text\n"
	"Exit: 0 all served, 1 not all, 2 usage.\n";

static const struct option long_opts[] = {
	{ "dst", required_argument, NULL, 'a' },
	{ "port", required_argument, NULL, 'p' },
	{ "rate", required_argument, NULL, 'r' },
	{ "count", required_argument, NULL, 'n' },
	{ "timeout", required_argument, NULL, 't' },
	{ "request", required_argument, NULL, 'q' },
	{ "bind", required_argument, NULL, 'b' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static bool parse_number(const char *text, unsigned long max,
			 unsigned long *ret)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || !value ||
	    value > max)
		return false;
	*ret = value;
	return true;
}

static bool parse_addr(const char *text, struct sockaddr_storage *ss)
{
	struct sockaddr_in *in = (void *)ss;
	struct sockaddr_in6 *in6 = (void *)ss;

	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		ss->ss_family = AF_INET;
		return true;
	}
	ss->ss_family = AF_INET6;
	return inet_pton(AF_INET6, text, &in6->sin6_addr) == 1;
}

/* Returns whether @opt and its argument make sense. */
static bool parse_opt(int opt, struct plan *plan)
{
	switch (opt) {
	case 'a':
		return parse_addr(optarg, &plan->dst);
	case 'p':
		return parse_number(optarg, 65535, &plan->port);
	case 'r':
		return parse_number(optarg, RATE_MAX, &plan->rate);
	case 'n':
		return parse_number(optarg, COUNT_MAX, &plan->count);
	case 't':
		return parse_number(optarg, TIMEOUT_MAX_S, &plan->timeout_s);
	case 'q':
		plan->request = optarg;
		return true;
	case 'b':
		return plan->have_bind = parse_addr(optarg, &plan->bind);
	case 'j':
		return plan->json = true;
	}
	return false;
}

static int usage(const char *what, const char *value)
{
	fprintf(stderr, "clients: %s%s%s\n%s", what, value ? " " : "",
		value ? value : "", usage_text);
	return 2;
}

/* The port is at the same place in both kinds of address. */
static void set_port(struct plan *plan)
{
	struct sockaddr_in *in = (void *)&plan->dst;

	in->sin_port = htons(plan->port);
	plan->addrlen = plan->dst.ss_family == AF_INET ?
				sizeof(struct sockaddr_in) :
				sizeof(struct sockaddr_in6);
}

/* Returns 0, the exit code, or -1 when the help is all that was asked. */
static int parse(int argc, char **argv, struct plan *plan)
{
	const char *opts = "a:p:r:n:t:q:b:jh";
	int opt;

	while ((opt = getopt_long(argc, argv, opts, long_opts, NULL)) != -1) {
		if (opt == 'h') {
			fputs(usage_text, stdout);
			return -1;
		}
		if (!parse_opt(opt, plan))
			return usage("does not fit:", argv[optind - 1]);
	}
	if (optind < argc)
		return usage("not an option:", argv[optind]);
	if (!plan->dst.ss_family || !plan->port || !plan->rate ||
	    !plan->count || !plan->timeout_s)
		return usage("needed: --dst --port --rate --count --timeout",
			     NULL);
	if (plan->have_bind && plan->bind.ss_family != plan->dst.ss_family)
		return usage("--bind and --dst differ in family", NULL);
	set_port(plan);
	return 0;
}

/* ---- main -------------------------------------------------------------- */

static int sum_up(const struct bench *b, struct outcomes *all)
{
	uint64_t *times = calloc(b->plan->count, sizeof(*times));
	unsigned long n = 0;

	if (!times)
		return -ENOMEM;
	for (unsigned long i = 0; i < b->plan->count; i++) {
		const struct client *c = &b->clients[i];

		all->tried++;
		all->of[c->outcome]++;
		if (c->connect_ns)
			times[n++] = c->connect_ns;
	}
	outcome_percentiles(all, times, n);
	free(times);
	return 0;
}

static int prepare(struct bench *b)
{
	struct rlimit files;

	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	prctl(PR_SET_TIMERSLACK, 1); /* ns */
	b->epoll = epoll_create1(EPOLL_CLOEXEC);
	b->clients = calloc(b->plan->count, sizeof(*b->clients));
	return b->epoll < 0 || !b->clients ? -ENOMEM : 0;
}

int main(int argc, char **argv)
{
	struct plan plan = { .request = "GET / HTTP/1.0\r\n\r\n" };
	struct bench bench = { .plan = &plan };
	struct outcomes all = { .tried = 0 };
	int err;

	err = parse(argc, argv, &plan);
	if (err)
		return err < 0 ? 0 : err;
	err = prepare(&bench);
	if (!err) {
		run(&bench);
		err = sum_up(&bench, &all);
	}
	free(bench.clients);
	if (err) {
		fprintf(stderr, "clients: %s\n", strerror(-err));
		return 1;
	}
	if (bench.other_errno)
		fprintf(stderr, "clients: %s\n", strerror(bench.other_errno));
	if (plan.json)
		outcome_print_json(&all);
	else
		outcome_print_text(&all);
	return all.of[SERVED] == all.tried ? 0 : 1;
}
