// SPDX-License-Identifier: GPL-2.0-or-later
/* One JSON document per command, by jansson. Times are in seconds since 1970,
 * keys are the names of include/synward.h and include/reason.h. */
#include <jansson.h>
#include <stdio.h>

#include "clock.h"
#include "output.h"
#include "reasons.h"

/* Takes the body over. jansson keeps the order in which keys were set. */
static void print(json_t *body)
{
	json_t *document = json_pack("{s:i}", "schema", OUTPUT_SCHEMA);

	json_object_update(document, body);
	json_dumpf(document, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
	putchar('\n');
	json_decref(document);
	json_decref(body);
}

static void set_number(json_t *object, const char *key, __u64 number)
{
	json_object_set_new(object, key, json_integer(number));
}

static json_t *ports_array(const struct ports *ports)
{
	json_t *array = json_array();

	for (unsigned port = 1; port < 65536; port++)
		if (ports_has(ports, port))
			json_array_append_new(array, json_integer(port));
	return array;
}

/* The shared settings; ports null = every listening one. */
static void set_settings(json_t *object, const struct settings *settings)
{
	json_object_set_new(object, "mode",
			    json_string(settings_mode_name(settings->mode)));
	set_number(object, "start_percent", settings->start_percent);
	set_number(object, "end_percent", settings->end_percent);
	json_object_set_new(object, "despite_nat",
			    json_boolean(settings->despite_nat));
	json_object_set_new(object, "ports",
			    settings->listed_only ?
				    ports_array(&settings->ports) :
				    json_null());
}

static json_t *columns_object(const struct sw_half_open *sum)
{
	json_t *object = json_object();

	for (size_t i = 0; i < STATS_COLUMNS; i++)
		set_number(object, stats_columns[i].name,
			   stats_column_of(sum, i));
	return object;
}

static json_t *rates_object(const struct sw_half_open_rates *rates)
{
	const __u64 *rate = (const __u64 *)rates;
	json_t *object = json_object();

	for (size_t i = 0; i < STATS_RATES; i++)
		set_number(object, stats_columns[i].name, rate[i]);
	return object;
}

static void json_attach(const struct output_attach *o)
{
	json_t *document = json_object(), *interfaces = json_array();

	for (size_t i = 0; i < o->count; i++)
		json_array_append_new(
			interfaces,
			json_pack("{s:s, s:s}", "name", o->names[i], "xdp",
				  o->native[i] ? "native" : "generic"));
	json_object_set_new(document, "interfaces", interfaces);
	json_object_set_new(document, "pin_dir", json_string(o->pin_dir));
	json_object_set_new(document, "listening",
			    o->listeners_known ? ports_array(&o->listeners) :
						 json_null());
	json_object_set_new(document, "tcp_syncookies_set",
			    json_boolean(o->syncookies_set));
	set_settings(document, o->settings);
	print(document);
}

static void json_detach(const struct output_detach *o)
{
	json_t *document = json_object(), *interfaces = json_array();

	for (size_t i = 0; i < o->count; i++)
		json_array_append_new(interfaces, json_string(o->names[i]));
	json_object_set_new(document, "detached", interfaces);
	json_object_set_new(document, "nothing_left", json_boolean(o->last));
	json_object_set_new(document, "tcp_syncookies_restored",
			    json_boolean(o->syncookies_restored));
	print(document);
}

static void json_mode(const struct output_mode *o)
{
	print(json_pack("{s:s, s:s, s:i, s:i}", "mode",
			settings_mode_name(o->now->mode), "mode_before",
			settings_mode_name(o->before), "start_percent",
			(int)o->now->start_percent, "end_percent",
			(int)o->now->end_percent));
}

static json_t *iface_object(const struct stats_status *s,
			    const struct state_iface *iface)
{
	return json_pack(
		"{s:s, s:I, s:s, s:b, s:b, s:b, s:b, s:b, s:I, s:f}", "name",
		iface->name, "ifindex", (json_int_t)iface->pinned.ifindex,
		"xdp", iface->pinned.xdp_native ? "native" : "generic",
		"metadata", (int)!state_iface_blind(iface), "draining",
		(int)iface->pinned.draining, "dead", (int)iface->dead,
		"unfinished", (int)iface->unfinished, "moved",
		(int)iface->moved, "attached",
		(json_int_t)clock_wall(iface->pinned.attached_ns, s->now_ns),
		"age_seconds", (s->now_ns - iface->pinned.attached_ns) / 1e9);
}

/* Port 0 is all that found no row in the table. */
static json_t *service_object(const struct stats_status *s,
			      const struct stats_service *service)
{
	const struct sw_service *row = &service->service.row;

	return json_pack("{s:I, s:s, s:I, s:o, s:o}", "port",
			 (json_int_t)service->service.port, "state",
			 stats_state_name(service->verdict.state), "first_syn",
			 (json_int_t)clock_wall(row->first_syn_ns, s->now_ns),
			 "total", columns_object(&row->sum), "per_second",
			 rates_object(&row->per_second));
}

static void set_totals(json_t *document, const struct stats_status *s)
{
	json_t *services = json_array();

	for (size_t i = 0; i < s->service_count; i++)
		json_array_append_new(services,
				      service_object(s, &s->services[i]));
	json_object_set_new(document, "services", services);
	json_object_set_new(document, "total", columns_object(&s->totals.sum));
	json_object_set_new(document, "per_second",
			    rates_object(&s->totals.per_second));
	set_number(document, "xdp_packets", s->totals.xdp_packets);
	set_number(document, "xdp_packets_per_second",
		   s->totals.xdp_packets_per_second);
	set_number(document, "tc_packets", s->totals.tc_packets);
	json_object_set_new(document, "state",
			    json_string(stats_state_name(s->verdict.state)));
	json_object_set_new(document, "since",
			    s->verdict.since_ns ?
				    json_integer(clock_wall(s->verdict.since_ns,
							    s->now_ns)) :
				    json_null());
	set_number(document, "valid_permille", s->verdict.valid_permille);
	json_object_set_new(document, "stale", json_boolean(s->stale));
	json_object_set_new(document, "other_netns",
			    json_boolean(s->state.other_netns));
	json_object_set_new(document, "tcp_syncookies",
			    s->syncookies < 0 ? json_null() :
						json_integer(s->syncookies));
	json_object_set_new(document, "nat_resets", json_boolean(s->nat));
}

static void json_status(const struct stats_status *s)
{
	json_t *document = json_object(), *interfaces = json_array();

	for (size_t i = 0; i < s->state.count; i++)
		json_array_append_new(interfaces,
				      iface_object(s, &s->state.ifaces[i]));
	json_object_set_new(document, "attached",
			    json_boolean(s->state.count > 0));
	json_object_set_new(document, "interfaces", interfaces);
	json_object_set_new(document, "pin_dir", json_string(s->pin_dir));
	if (s->state.count) {
		set_settings(document, &s->settings);
		set_totals(document, s);
	}
	print(document);
}

static json_t *reasons_array(const struct sw_reasons *counters, int from,
			     int to)
{
	const __u64 *count = (const __u64 *)counters;
	json_t *array = json_array();

	for (int i = from; i < to; i++) {
		const struct reasons_row *row = &reasons_table[i];

		json_array_append_new(
			array,
			json_pack("{s:s, s:I, s:s, s:s, s:b}", "name",
				  row->name, "value", (json_int_t)count[i],
				  "weight", reasons_weight_name(row->weight),
				  "help", row->help, "would", row->would));
	}
	return array;
}

static void json_stats(const struct stats_counters *c)
{
	print(json_pack("{s:{s:I, s:o}, s:{s:I, s:o}, s:o, s:I}", "xdp",
			"packets", (json_int_t)c->xdp_packets, "reasons",
			reasons_array(&c->reasons, 0, SW_TC_UNMARKED), "tc",
			"packets", (json_int_t)c->tc_packets, "reasons",
			reasons_array(&c->reasons, SW_TC_UNMARKED, SW_REASONS),
			"half_open", columns_object(&c->half_open),
			"cookies_forgotten", (json_int_t)c->cookies_forgotten));
}

static double seconds_until(__u64 t_ns, const struct output_keys *o)
{
	return t_ns > o->now_ns ? (t_ns - o->now_ns) / 1e9 : 0;
}

/* last_epoch and valid_until are null as long as no other key is to follow. */
static json_t *key_object(const struct output_keys *o,
			  const struct output_key *k)
{
	bool ends = k->end_epoch;

	return json_pack(
		"{s:I, s:s, s:s, s:b, s:I, s:f, s:I, s:f, s:o, s:o}",
		"generation", (json_int_t)k->generation, "fingerprint",
		k->fingerprint, "source", k->from_file ? "file" : "random",
		"in_force", (int)k->in_force, "made",
		(json_int_t)clock_wall(k->made_ns, o->now_ns), "age_seconds",
		(o->now_ns - k->made_ns) / 1e9, "first_epoch",
		(json_int_t)k->first_epoch, "first_epoch_in_seconds",
		seconds_until(k->first_epoch << SW_EPOCH_SHIFT, o),
		"last_epoch",
		ends ? json_integer(k->end_epoch - 1) : json_null(),
		"valid_until",
		ends ? json_integer(clock_wall(k->valid_until_ns, o->now_ns)) :
		       json_null());
}

static void json_keys(const struct output_keys *o)
{
	json_t *keys = json_array();

	for (size_t i = 0; i < o->count; i++)
		json_array_append_new(keys, key_object(o, &o->keys[i]));
	print(json_pack("{s:o, s:I, s:f, s:f}", "keys", keys, "epoch",
			(json_int_t)o->epoch, "epoch_ends_in_seconds",
			seconds_until((o->epoch + 1) << SW_EPOCH_SHIFT, o),
			"rotate_possible_in_seconds",
			seconds_until(o->rotate_from_ns, o)));
}

static void json_say_version(const char *version, unsigned abi)
{
	print(json_pack("{s:s, s:i}", "version", version, "abi", (int)abi));
}

const struct output output_json = {
	.attach = json_attach,
	.detach = json_detach,
	.mode = json_mode,
	.status = json_status,
	.stats = json_stats,
	.keys = json_keys,
	.keys_rotate = json_keys,
	.version = json_say_version,
};
