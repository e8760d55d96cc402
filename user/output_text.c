// SPDX-License-Identifier: GPL-2.0-or-later
/* Text for people: what verbs did, keys and counters. The longest answer,
 * status, has a file of its own: output_status.c. */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "output.h"
#include "pins.h"
#include "reasons.h"
#include "synward.h"
#include "text.h"

/* "3 listening TCP ports (22, 80, 443) and any that open later" */
static void print_ports(const struct output_attach *o)
{
	unsigned count = ports_count(&o->listeners);
	char text[PORTS_TEXT];

	if (o->settings->listed_only) {
		ports_format(&o->settings->ports, text);
		printf("TCP port%s %s",
		       ports_count(&o->settings->ports) == 1 ? "" : "s", text);
	} else if (!o->listeners_known) {
		printf("all listening TCP ports");
	} else if (!count) {
		printf("TCP ports as they open (none listens yet)");
	} else {
		ports_format(&o->listeners, text);
		printf("%u listening TCP port%s (%s) and any that open later",
		       count, count == 1 ? "" : "s", text);
	}
}

static void text_attach(const struct output_attach *o)
{
	static const char *const doing[SW_MODES] = {
		[SW_MODE_OFF] = "attached, challenging nobody on",
		[SW_MODE_OBSERVE] = "observing",
		[SW_MODE_ADAPTIVE] = "protecting",
		[SW_MODE_ALWAYS] = "protecting",
	};
	char mode[SETTINGS_TEXT];

	settings_mode_format(o->settings, mode);
	for (size_t i = 0; i < o->count; i++) {
		printf("%s: %s ", o->names[i], doing[o->settings->mode]);
		print_ports(o);
		printf(", mode %s, %s XDP%s; undo: %s detach %s\n", mode,
		       o->native[i] ? "native" : "generic",
		       o->automatic && !o->native[i] ?
			       " (native XDP not supported here)" :
			       "",
		       pins_command(o->pin_dir), o->names[i]);
	}
	if (o->syncookies_set)
		printf("net.ipv4.tcp_syncookies was 0 and is 1 now, which "
		       "synward needs; the last detach puts 0 back\n");
}

static void text_detach(const struct output_detach *o)
{
	for (size_t i = 0; i < o->count; i++)
		printf("%s: detached%s\n", o->names[i],
		       o->last && i + 1 == o->count ?
			       ", nothing of synward is left" :
			       "");
	if (o->syncookies_restored)
		printf("net.ipv4.tcp_syncookies is 0 again, as before\n");
}

static void text_mode(const struct output_mode *o)
{
	char mode[SETTINGS_TEXT];

	settings_mode_format(o->now, mode);
	printf("mode %s, was %s\n", mode, settings_mode_name(o->before));
}

static void print_reasons(const struct sw_reasons *counters, int from, int to)
{
	const __u64 *count = (const __u64 *)counters;
	char number[TEXT_NUMBER];

	for (int i = from; i < to; i++) {
		const struct reasons_row *row = &reasons_table[i];

		printf("%16s  %-6s  %-24s %s%s\n",
		       text_number(count[i], number),
		       reasons_weight_name(row->weight), row->name,
		       row->would ? "not carried out: " : "", row->help);
	}
}

static void text_stats(const struct stats_counters *c)
{
	char number[TEXT_NUMBER];

	printf("XDP, %s packets\n", text_number(c->xdp_packets, number));
	print_reasons(&c->reasons, 0, SW_TC_UNMARKED);
	printf("\nTC, %s packets\n", text_number(c->tc_packets, number));
	print_reasons(&c->reasons, SW_TC_UNMARKED, SW_REASONS);
	printf("\nhalf-open\n");
	for (size_t i = 0; i < STATS_COLUMNS; i++)
		printf("%16s  %-17s %s\n",
		       text_number(stats_column_of(&c->half_open, i), number),
		       stats_columns[i].name, stats_columns[i].help);
	printf("%16s  %-17s %s\n", text_number(c->cookies_forgotten, number),
	       "cookies_forgotten",
	       "used up, but no longer remembered, for there were too many: "
	       "a late duplicate would open again");
}

/* Of what is to come: "1 min 40 s". */
static const char *until(__u64 t_ns, const struct output_keys *o,
			 char text[TEXT_AGE])
{
	return text_age(t_ns > o->now_ns ? t_ns - o->now_ns : 0, text);
}

static void print_epochs(const struct output_key *k,
			 const struct output_keys *o)
{
	char when[TEXT_TIME], left[TEXT_AGE];

	if (k->first_epoch > o->epoch)
		printf("  takes over at epoch %llu, in %s\n", k->first_epoch,
		       until(k->first_epoch << SW_EPOCH_SHIFT, o, left));
	else if (!k->end_epoch)
		printf("  from epoch %llu on, until keys are rotated\n",
		       k->first_epoch);
	if (k->end_epoch)
		printf("  epochs %llu to %llu, its cookies are valid until "
		       "%s\n",
		       k->first_epoch, k->end_epoch - 1,
		       text_time(clock_wall(k->valid_until_ns, o->now_ns),
				 when));
}

static void text_key(const struct output_key *k, const struct output_keys *o)
{
	char when[TEXT_TIME], ago[TEXT_AGE];

	printf("generation %u  %s  %s\n", k->generation, k->fingerprint,
	       k->in_force ? "in force" : "not in force");
	printf("  %s, made %s (%s ago)\n",
	       k->from_file ? "from a file" : "random",
	       text_time(clock_wall(k->made_ns, o->now_ns), when),
	       text_age(o->now_ns - k->made_ns, ago));
	print_epochs(k, o);
}

static void text_keys(const struct output_keys *o)
{
	char left[TEXT_AGE];

	for (size_t i = 0; i < o->count; i++)
		text_key(&o->keys[i], o);
	printf("epoch %llu, for another %s; a cookie is valid for the rest of "
	       "its epoch and the next (68.7 s each)\n",
	       o->epoch, until((o->epoch + 1) << SW_EPOCH_SHIFT, o, left));
	if (o->rotate_from_ns > o->now_ns)
		printf("keys rotate: possible again in %s\n",
		       until(o->rotate_from_ns, o, left));
	else
		printf("keys rotate: possible now\n");
}

static void text_keys_rotate(const struct output_keys *o)
{
	const struct output_key *old = &o->keys[0], *new = &o->keys[1];
	char when[TEXT_TIME], left[TEXT_AGE];

	printf("generation %u (%s, %s) takes over at epoch %llu (in %s); "
	       "cookies of generation %u are valid until %s\n",
	       new->generation, new->fingerprint,
	       new->from_file ? "from a file" : "random", new->first_epoch,
	       until(new->first_epoch << SW_EPOCH_SHIFT, o, left),
	       old->generation,
	       text_time(clock_wall(old->valid_until_ns, o->now_ns), when));
}

static void text_version(const char *version, unsigned abi)
{
	printf("synward %s (ABI %u)\n", version, abi);
}

const struct output output_text = {
	.attach = text_attach,
	.detach = text_detach,
	.mode = text_mode,
	.status = output_status,
	.stats = text_stats,
	.keys = text_keys,
	.keys_rotate = text_keys_rotate,
	.version = text_version,
};
