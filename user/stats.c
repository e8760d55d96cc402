// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers for people. Reads maps through maps.c; prints nothing. */
#include "stats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "nat.h"
#include "own.h"
#include "reasons.h"
#include "sysctl.h"

/* clang-format off */
const struct stats_column stats_columns[STATS_COLUMNS] = {
	{ "syn_seen", "SYNs to protected ports: the sum of the four below" },
	{ "syn_passed", "to the kernel" },
	{ "syn_challenged", "answered with a cookie" },
	{ "syn_would", "would have been answered: mode observe, NAT, MPTCP" },
	{ "syn_dropped", "accept queue full, or nobody can be there" },
	{ "cookies_valid", "came back and verified: real clients" },
	{ "cookies_old", "were ours, two epochs ago or more" },
	{ "cookies_bad", "never were ours" },
	{ "cookies_replayed", "had become a connection before" },
	{ "sockets_made", "finished connections handed to the kernel" },
	{ "sockets_refused", "valid, but no connection; the reasons say why" },
	{ "cookies_open", "estimated: could still come back, and have not" },
};
/* clang-format on */

__u64 stats_column_of(const struct sw_half_open *sum, size_t column)
{
	return ((const __u64 *)sum)[column];
}

const char *stats_state_name(enum stats_state state)
{
	static const char *const names[] = {
		[STATS_UNKNOWN] = "unknown", [STATS_OFF] = "off",
		[STATS_CALM] = "calm",       [STATS_FILLING] = "filling",
		[STATS_ATTACK] = "attack",
	};

	return names[state];
}

/* Never negative: the timer may have fired since now was taken. */
static __u64 age(__u64 now_ns, __u64 then_ns)
{
	return now_ns > then_ns ? now_ns - then_ns : 0;
}

struct stats_verdict stats_judge(const struct stats_evidence *e)
{
	struct stats_verdict v = {
		.challenged_pps = e->per_second->syn_challenged,
	};

	/* In mode always that says nothing of a queue. */
	if (e->mode != SW_MODE_ALWAYS)
		v.challenged_pps += e->per_second->syn_would;

	if (v.challenged_pps)
		v.valid_permille =
			e->per_second->cookies_valid * 1000 / v.challenged_pps;
	if (age(e->now_ns, e->updated_ns) > STATS_STALE_NS)
		v.state = STATS_UNKNOWN;
	else if (e->mode == SW_MODE_OFF)
		v.state = STATS_OFF;
	else if (!e->challenged.last_ns ||
		 age(e->now_ns, e->challenged.last_ns) > SW_CALM_NS)
		v.state = STATS_CALM;
	else if (v.challenged_pps >= STATS_ATTACK_PPS && v.valid_permille < 500)
		v.state = STATS_ATTACK;
	else
		v.state = e->mode == SW_MODE_ALWAYS ? STATS_CALM :
						      STATS_FILLING;
	if (v.state == STATS_ATTACK || v.state == STATS_FILLING)
		v.since_ns = e->challenged.since_ns;
	return v;
}

static const struct stats_fault faults[STATS_FAULTS] = {
	{ SW_SYN_MPTCP, "turn MPTCP off in the server (Go: "
			"GODEBUG=multipathtcp=0), or for all: sysctl -w "
			"net.mptcp.enabled=0, and start it again" },
	{ SW_SYN_NO_ROOM, "detach, then attach with --xdp generic" },
	{ SW_TC_REFUSED_INVAL,
	  "where it goes on rising: turn MPTCP off in the server" },
	{ SW_TC_REFUSED_NETNS,
	  "attach the interface in the network namespace that has the server" },
	{ SW_TC_REFUSED_NOMEM, "free memory: free shows how much there is" },
	{ SW_TC_REFUSED_OTHER,
	  "detach, and report it with the output of synward stats" },
};

void stats_faults(const struct sw_reasons *counters,
		  const struct stats_fault *ret_faults[STATS_FAULTS])
{
	const __u64 *count = (const __u64 *)counters;
	size_t found = 0;

	memset(ret_faults, 0, STATS_FAULTS * sizeof(*ret_faults));
	for (size_t i = 0; i < STATS_FAULTS; i++)
		if (count[faults[i].reason])
			ret_faults[found++] = &faults[i];
}

static int judge_services(struct stats_status *s,
			  const struct maps_service *services, size_t count)
{
	s->services = calloc(count + 1, sizeof(*s->services));
	if (!s->services)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct sw_service *row = &services[i].row;
		const struct stats_evidence evidence = {
			.mode = s->settings.mode,
			.now_ns = s->now_ns,
			.updated_ns = s->totals.updated_ns,
			.challenged = row->challenged,
			.per_second = &row->per_second,
		};

		s->services[i].service = services[i];
		s->services[i].verdict = stats_judge(&evidence);
	}
	s->service_count = count;
	return 0;
}

static int read_services(struct stats_status *s)
{
	own(free) struct maps_service *services = NULL;
	size_t count;
	int err = maps_read_services(&s->state.maps, &services, &count);

	return err ?: judge_services(s, services, count);
}

static void judge_all(struct stats_status *s)
{
	const struct stats_evidence evidence = {
		.mode = s->settings.mode,
		.now_ns = s->now_ns,
		.updated_ns = s->totals.updated_ns,
		.challenged = s->totals.challenged,
		.per_second = &s->totals.per_second,
	};

	s->verdict = stats_judge(&evidence);
	s->stale = age(s->now_ns, s->totals.updated_ns) > STATS_STALE_NS;
}

static int read_maps(struct stats_status *s)
{
	int err = maps_read_settings(&s->state.maps, &s->settings) ?:
			  maps_read_totals(&s->state.maps, &s->totals);

	if (err)
		return err;
	s->now_ns = clock_now(s->state.maps.config->clock_offset_ns);
	judge_all(s);
	return read_services(s);
}

int stats_read_status(const char *pin_dir, struct stats_status *ret_status)
{
	struct stats_status s = { .pin_dir = pin_dir, .syncookies = -1 };
	int err;

	state_init(pin_dir, &s.state);
	err = state_open(&s.state);
	if (!err) {
		err = read_maps(&s);
		if (err)
			err = log_refused(err, "cannot read the statistics");
	}
	if (err && err != -ENOTCONN) {
		stats_free_status(&s);
		return err;
	}
	if (!s.state.other_netns && sysctl_syncookies_read(&s.syncookies))
		s.syncookies = -1;
	s.nat = !s.state.other_netns && !s.settings.despite_nat && nat_resets();
	*ret_status = s;
	return err;
}

void stats_free_status(struct stats_status *status)
{
	state_close(&status->state);
	free(status->services);
	status->services = NULL;
}

int stats_read_counters(const char *pin_dir,
			struct stats_counters *ret_counters)
{
	own_by(state_close) struct state state;
	struct stats_counters c = {};
	struct sw_totals totals;
	int err;

	state_init(pin_dir, &state);
	err = state_open(&state);
	if (err)
		return err;
	err = maps_read_totals(&state.maps, &totals) ?:
		      maps_read_reasons(&state.maps, &c.reasons);
	if (err)
		return log_refused(err, "cannot read the counters");
	reasons_half_open(&c.reasons, &c.half_open);
	c.half_open.cookies_open = totals.sum.cookies_open;
	c.cookies_forgotten = totals.cookies_forgotten;
	c.xdp_packets = reasons_packets(&c.reasons, false);
	c.tc_packets = reasons_packets(&c.reasons, true);
	if (c.xdp_packets < totals.xdp_packets ||
	    c.tc_packets < totals.tc_packets)
		log_warn("the counters are behind sw_totals, which is their "
			 "sum: somebody has written to the pinned maps");
	*ret_counters = c;
	return 0;
}
