// SPDX-License-Identifier: GPL-2.0-or-later
/* The text of `synward status`: the verdict in words, then the numbers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "nat.h"
#include "output.h"
#include "pins.h"
#include "reasons.h"
#include "text.h"

/* The verdict alone is coloured, on a terminal, unless NO_COLOR. */
static const char *colour(const char *code)
{
	const char *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && (!no || !*no) ? code : "";
}

static const char *blind_words(const struct state_iface *iface)
{
	return iface->pinned.marks_seen ?
		       ", whose driver refused metadata to some packets, so "
		       "that TC looks at all of them" :
		       ", whose driver gives TC no metadata, so that TC looks "
		       "at all packets";
}

static void print_iface(const struct stats_status *s,
			const struct state_iface *iface)
{
	char when[TEXT_TIME], age[TEXT_AGE];

	printf("%s: ", iface->name);
	if (iface->unfinished) {
		printf("not attached: an attach or a detach of it is not "
		       "over; if none is running, it was killed: attach it "
		       "again, or %s detach %s\n",
		       pins_command(s->pin_dir), iface->name);
		return;
	}
	if (iface->moved) {
		printf("moved to another network namespace, and goes on "
		       "protecting what listens there, if tcp_syncookies is "
		       "not 0 there; %s detach %s takes it off\n",
		       pins_command(s->pin_dir), iface->name);
		return;
	}
	if (iface->dead) {
		printf("no longer attached: the interface was deleted, or its "
		       "XDP link taken off by force; %s detach %s cleans up\n",
		       pins_command(s->pin_dir), iface->name);
		return;
	}
	printf("attached since %s (%s), %s XDP%s%s\n",
	       text_time(clock_wall(iface->pinned.attached_ns, s->now_ns),
			 when),
	       text_age(s->now_ns - iface->pinned.attached_ns, age),
	       iface->pinned.xdp_native ? "native" : "generic",
	       state_iface_blind(iface) ? blind_words(iface) : "",
	       iface->pinned.draining ? ", being detached: challenging nobody" :
					"");
	if (iface->pinned.draining)
		printf("(if no detach is running, it was killed: attach %s "
		       "again to go on protecting it, or detach it)\n",
		       iface->name);
}

static void print_settings(const struct settings *settings)
{
	char mode[SETTINGS_TEXT], ports[PORTS_TEXT];

	settings_mode_format(settings, mode);
	ports_format(&settings->ports, ports);
	printf("mode %s, %s%s%s\n", mode,
	       settings->listed_only ? "TCP ports " : "all listening TCP ports",
	       settings->listed_only ? ports : "",
	       settings->despite_nat ? ", despite NAT" : "");
}

static void print_faults(const struct sw_reasons *counters)
{
	const struct stats_fault *faults[STATS_FAULTS];
	const __u64 *count = (const __u64 *)counters;
	char number[TEXT_NUMBER];

	stats_faults(counters, faults);
	for (size_t i = 0; i < STATS_FAULTS && faults[i]; i++) {
		enum sw_reason reason = faults[i]->reason;

		printf("warning: %s %s: %s: %s\n", reasons_table[reason].name,
		       text_number(count[reason], number),
		       reasons_table[reason].help, faults[i]->cure);
	}
}

static void print_warnings(const struct stats_status *s)
{
	char age[TEXT_AGE];

	if (s->stale)
		printf("warning: the numbers below are %s old: their timer has "
		       "stopped; packets are handled all the same. %s "
		       "detach --all and attach start it again\n",
		       text_age(s->now_ns - s->totals.updated_ns, age),
		       pins_command(s->pin_dir));
	if (s->syncookies == 0)
		printf("warning: net.ipv4.tcp_syncookies is 0: the kernel "
		       "resets every connection that synward hands it: sysctl "
		       "-w net.ipv4.tcp_syncookies=1\n");
	if (s->syncookies == 2)
		printf("warning: net.ipv4.tcp_syncookies is 2: the kernel's "
		       "queues never fill, so mode adaptive never challenges: "
		       "sysctl -w net.ipv4.tcp_syncookies=1\n");
	if (s->nat)
		printf("warning: " NAT_WARNING "\n");
	print_faults(&s->totals.reasons);
	if (s->state.other_netns)
		printf("(attached in another network namespace)\n");
}

static const char *verdict_words(const struct stats_status *s)
{
	switch (s->verdict.state) {
	case STATS_ATTACK:
		if (s->settings.mode == SW_MODE_OBSERVE)
			return "under attack, only observing";
		return s->totals.per_second.syn_would ?
			       "under attack, and not all of it can be "
			       "challenged" :
			       "under attack";
	case STATS_FILLING:
		return "no attack, but SYNs of a listener whose queue fills, "
		       "or has filled, are challenged";
	case STATS_CALM:
		return "no attack";
	case STATS_OFF:
		return "mode off, so attacks are not seen";
	default:
		return "unknown";
	}
}

static const char *verdict_colour(enum stats_state state)
{
	switch (state) {
	case STATS_ATTACK:
		return colour("\033[1;31m");
	case STATS_CALM:
		return colour("\033[32m");
	default:
		return colour("\033[33m");
	}
}

static void print_verdict(const struct stats_status *s)
{
	const struct sw_half_open_rates *rate = &s->totals.per_second;
	char seen[TEXT_NUMBER], challenged[TEXT_NUMBER], valid[TEXT_NUMBER],
		passed[TEXT_NUMBER], since[TEXT_TIME];
	bool observe = s->settings.mode == SW_MODE_OBSERVE;

	printf("%s%s%s", verdict_colour(s->verdict.state), verdict_words(s),
	       colour("\033[0m"));
	if (s->verdict.since_ns)
		printf(" since %s",
		       text_time(clock_wall(s->verdict.since_ns, s->now_ns),
				 since));
	printf(": %s SYN/s, %s %schallenged, ",
	       text_number(rate->syn_seen, seen),
	       text_number(observe ? rate->syn_would : rate->syn_challenged,
			   challenged),
	       observe ? "would have been " : "");
	if (!observe) {
		printf("%s came back valid",
		       text_number(rate->cookies_valid, valid));
		if (s->verdict.challenged_pps)
			printf(" (%llu.%llu %%)",
			       s->verdict.valid_permille / 10,
			       s->verdict.valid_permille % 10);
		printf(", ");
	}
	printf("%s passed to the kernel\n",
	       text_number(rate->syn_passed + rate->syn_would, passed));
}

static void print_totals(const struct sw_totals *totals)
{
	const __u64 *rates = (const __u64 *)&totals->per_second;
	char rate[TEXT_NUMBER], sum[TEXT_NUMBER];

	printf("\n%-16s %12s %16s\n", "", "per second", "total");
	printf("%-16s %12s %16s\n", "packets",
	       text_number(totals->xdp_packets_per_second, rate),
	       text_number(totals->xdp_packets, sum));
	for (size_t i = 0; i < STATS_COLUMNS; i++)
		printf("%-16s %12s %16s\n", stats_columns[i].name,
		       i < STATS_RATES ? text_number(rates[i], rate) : "",
		       text_number(stats_column_of(&totals->sum, i), sum));
}

static void print_service(const struct stats_service *s)
{
	const struct sw_half_open_rates *rate = &s->service.row.per_second;
	const __u64 columns[] = {
		rate->syn_seen,      s->verdict.challenged_pps,
		rate->cookies_valid, rate->cookies_bad,
		rate->sockets_made,  s->service.row.sum.cookies_open,
	};
	char number[TEXT_NUMBER];

	if (s->service.port)
		printf("%-6u", s->service.port);
	else
		printf("%-6s", "others");
	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		printf(" %12s", text_number(columns[i], number));
	printf("  %s\n", stats_state_name(s->verdict.state));
}

void output_status(const struct stats_status *s)
{
	if (!s->state.count) {
		printf("not attached: %s attach IFACE\n",
		       pins_command(s->pin_dir));
		return;
	}
	for (size_t i = 0; i < s->state.count; i++)
		print_iface(s, &s->state.ifaces[i]);
	print_settings(&s->settings);
	print_warnings(s);
	print_verdict(s);
	print_totals(&s->totals);
	if (s->service_count)
		printf("\n%-6s %12s %12s %12s %12s %12s %12s  %s\n", "port",
		       "SYN/s", "challenged/s", "valid/s", "bad/s", "made/s",
		       "open", "state");
	for (size_t i = 0; i < s->service_count; i++)
		print_service(&s->services[i]);
}
