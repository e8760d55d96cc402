// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cable IFACE RULE...: makes a bad cable of a client's interface until stdin
 * ends. A RULE is
 *
 *	drop:KIND[:N]	the first N (1) segments of that kind are lost
 *	hold:KIND[:N]	they are kept until a line comes on stdin
 *	twice:KIND[:N]	they go out doubled
 *	delay:KIND:MS	all of that kind leave MS ms later
 *
 * and KIND syn, synack, ack (bare), data, fin or any. Of several rules the
 * first that fits applies. Says "ready", then the act and the kind of each
 * segment that it dropped, held or doubled. SYN-ACKs can only be dropped, for
 * they come in; any means what goes out.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cable.h"
#include "cable.skel.h"

/* Debian 12's headers know no tcx. */
#define TCX_INGRESS ((enum bpf_attach_type)46)
#define TCX_EGRESS ((enum bpf_attach_type)47)

#define WAITING 256 /* frames that may be on their way at once */
#define HELD (~0ULL)

static const char *const acts[] = { "drop", "hold", "twice", "delay" };
static const char *const kinds[] = { "syn",  "synack", "ack",
				     "data", "fin",    "any" };

struct waiting {
	__u64 due_ms;
	struct cable_caught caught;
};

struct cable_state {
	struct cable *skel;
	int wire; /* packet socket */
	struct waiting queue[WAITING];
	unsigned int queued;
};

static __u64 now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

/* ---- rules ---- */

static unsigned int word_of(const char *word, const char *const *words,
			    unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (word && !strcmp(word, words[i]))
			return i;
	errx(2, "\"%s\": no act or kind of segment", word ?: "");
}

static struct cable_rule rule_parse(char *text)
{
	const char *act = strtok(text, ":"), *kind = strtok(NULL, ":");
	const char *number = strtok(NULL, ":");
	struct cable_rule r = { .times = 1 };

	r.act = word_of(act, acts, 4);
	r.kind = word_of(kind, kinds, 6);
	if (r.act == CABLE_DELAY)
		r.ms = number ? atoi(number) : 0;
	else if (number)
		r.times = atoi(number);
	return r;
}

/* ---- frames ---- */

static __u64 sum_of(const unsigned char *b, unsigned int len)
{
	__u64 sum = 0;

	for (unsigned int i = 0; i < len; i++)
		sum += i & 1 ? b[i] : b[i] << 8;
	return sum;
}

/* What we were given had its checksum still to be made. */
static void frame_checksum(struct cable_caught *c)
{
	bool v6 = c->frame[12] == 0x86;
	unsigned char *ip = c->frame + ETH_HLEN;
	unsigned char *tcp = ip + (v6 ? 40 : (ip[0] & 15) * 4);
	unsigned int len = v6 ? (ip[4] << 8 | ip[5]) :
				(ip[2] << 8 | ip[3]) - (ip[0] & 15) * 4;
	__u64 sum;

	tcp[16] = tcp[17] = 0;
	sum = sum_of(v6 ? ip + 8 : ip + 12, v6 ? 32 : 8) + IPPROTO_TCP + len +
	      sum_of(tcp, len);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	tcp[16] = ~sum >> 8;
	tcp[17] = ~sum;
}

/* Around the queues and hooks above the driver, so that it is not caught. */
static int wire_open(unsigned int ifindex)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_ifindex = ifindex };
	int fd = socket(AF_PACKET, SOCK_RAW, 0), one = 1;

	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)))
		err(1, "packet socket");
	return fd;
}

static void frame_send(int wire, struct cable_caught *c)
{
	frame_checksum(c);
	if (send(wire, c->frame, c->len, 0) < 0)
		err(1, "send");
}

/* ---- the queue ---- */

static int frame_caught(void *context, void *data, size_t)
{
	struct cable_state *s = context;
	const struct cable_caught *c = data;
	const struct cable_rule *r = &s->skel->bss->rules[c->rule];
	struct waiting *w = &s->queue[s->queued];

	if (r->act != CABLE_DELAY) {
		printf("%s %s\n", acts[r->act], kinds[r->kind]);
		fflush(stdout);
	}
	if (r->act != CABLE_HOLD && r->act != CABLE_DELAY)
		return 0;
	if (s->queued == WAITING)
		errx(1, "more than %d frames at once", WAITING);
	w->due_ms = r->act == CABLE_HOLD ? HELD : now_ms() + r->ms;
	w->caught = *c;
	s->queued++;
	return 0;
}

static void queue_release(struct cable_state *s)
{
	for (unsigned int i = 0; i < s->queued; i++)
		if (s->queue[i].due_ms == HELD)
			s->queue[i].due_ms = 0;
}

/* Sends what is due. Returns in how many ms the next is; -1 if none. */
static int queue_run(struct cable_state *s)
{
	unsigned int kept = 0;
	__u64 now = now_ms(), next = HELD;

	for (unsigned int i = 0; i < s->queued; i++) {
		struct waiting *w = &s->queue[i];

		if (w->due_ms <= now) {
			frame_send(s->wire, &w->caught);
			continue;
		}
		if (w->due_ms < next)
			next = w->due_ms;
		s->queue[kept++] = *w;
	}
	s->queued = kept;
	return next == HELD ? -1 : (int)(next - now);
}

static bool released(struct cable_state *s)
{
	char line[64];
	ssize_t n = read(STDIN_FILENO, line, sizeof(line));

	if (n > 0)
		queue_release(s);
	return n > 0;
}

static void run(struct cable_state *s)
{
	struct ring_buffer *ring = ring_buffer__new(
		bpf_map__fd(s->skel->maps.caught), frame_caught, s, NULL);
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				{ .events = POLLIN } };

	if (!ring)
		err(1, "ring_buffer__new");
	fds[1].fd = ring_buffer__epoll_fd(ring);
	puts("ready");
	fflush(stdout);
	for (;;) {
		poll(fds, 2, queue_run(s));
		if (fds[0].revents && !released(s))
			break;
		ring_buffer__consume(ring);
	}
	ring_buffer__free(ring);
}

static void attach(const struct bpf_program *program, unsigned int ifindex,
		   enum bpf_attach_type where)
{
	if (bpf_link_create(bpf_program__fd(program), ifindex, where, NULL) < 0)
		err(1, "bpf_link_create");
}

int main(int argc, char **argv)
{
	unsigned int ifindex = argc > 2 ? if_nametoindex(argv[1]) : 0;
	static struct cable_state s;

	if (!ifindex || argc > 2 + CABLE_RULES || !strcmp(argv[1], "eth0") ||
	    !strcmp(argv[1], "lo"))
		errx(2, "usage: cable IFACE RULE...; IFACE is a test's own");
	s.skel = cable__open_and_load();
	if (!s.skel)
		err(1, "cable.bpf.o");
	for (int i = 2; i < argc; i++)
		s.skel->bss->rules[s.skel->bss->rules_used++] =
			rule_parse(argv[i]);
	s.wire = wire_open(ifindex);
	attach(s.skel->progs.cable_out, ifindex, TCX_EGRESS);
	attach(s.skel->progs.cable_in, ifindex, TCX_INGRESS);
	run(&s);
	return 0;
}
