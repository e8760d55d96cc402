// SPDX-License-Identifier: GPL-2.0-or-later
/* Detaching. What goes where is known by pins.c and state.c. */
#include "detach.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "log.h"
#include "ours.h"
#include "own.h"
#include "pins.h"

struct work {
	const struct detach *detach;
	struct state state;
	struct state_iface *targets;
	size_t count;
};

static int refuse_unknown(const struct work *w, const char *name)
{
	const struct state_iface *renamed = state_find_renamed(&w->state, name);
	const char *synward = pins_command(w->state.pin_dir);

	if (renamed)
		return log_absent("%s: is called %s now: %s detach %s", name,
				  renamed->name, synward, renamed->name);
	return log_absent("%s: is not attached: %s status shows what is", name,
			  synward);
}

static int find_targets(struct work *w)
{
	const struct detach *d = w->detach;
	struct state_iface *found;

	w->targets = calloc(w->state.count + d->count, sizeof(*w->targets));
	if (!w->targets)
		return log_refused(ENOMEM, "detach");
	if (!d->count) {
		w->count = w->state.count;
		memcpy(w->targets, w->state.ifaces,
		       w->count * sizeof(*w->targets));
	}
	for (size_t i = 0; i < d->count; i++) {
		found = state_find(&w->state, d->names[i]);
		if (!found)
			return refuse_unknown(w, d->names[i]);
		for (size_t k = 0; k < w->count; k++)
			if (!strcmp(w->targets[k].dir, found->dir))
				return log_usage(
					"%s: is named twice: once will do",
					d->names[i]);
		w->targets[w->count++] = *found;
	}
	return 0;
}

static bool is_target(const struct work *w, const struct state_iface *iface)
{
	for (size_t i = 0; i < w->count; i++)
		if (!strcmp(w->targets[i].dir, iface->dir))
			return true;
	return false;
}

/* Does nobody stay who is protected? What is dead goes, too, then. */
static bool nobody_stays(const struct work *w)
{
	for (size_t i = 0; i < w->state.count; i++)
		if (!w->state.ifaces[i].dead &&
		    !is_target(w, &w->state.ifaces[i]))
			return false;
	return true;
}

/* The last one takes the directory away, too: can it? */
static int check_rest(const struct work *w)
{
	return nobody_stays(w) ? ours_check(w->state.pin_dir) : 0;
}

/* How many of the targets there were to tell. */
static size_t set_draining(const struct work *w, __u32 draining)
{
	struct sw_iface *pinned;
	size_t told = 0;

	for (size_t i = 0; i < w->count; i++) {
		if (w->targets[i].dead ||
		    maps_iface_open(w->state.pin_dir, w->targets[i].dir,
				    &pinned))
			continue;
		maps_iface_store(&pinned->draining, draining);
		maps_iface_close(pinned);
		told++;
	}
	return told;
}

/* A signal of these, or -1 when the time is over. SIGSTOP and SIGCONT interrupt
 * the wait, and do not shorten it. */
static int wait_for_signal(const sigset_t *signals, __u64 wait_ns)
{
	__u64 end_ns = clock_now(0) + wait_ns, now_ns;
	int signal = -1;

	while (signal < 0 && (now_ns = clock_now(0)) < end_ns) {
		const struct timespec left = {
			.tv_sec = (end_ns - now_ns) / CLOCK_SECOND_NS,
			.tv_nsec = (end_ns - now_ns) % CLOCK_SECOND_NS,
		};

		signal = sigtimedwait(signals, NULL, &left);
	}
	return signal;
}

/*
 * A cookie whose ACK comes after the unlink is reset by the kernel, so what
 * is in flight gets its time. Who is told to stop meanwhile goes on protecting.
 */
static int drain(const struct work *w)
{
	sigset_t stop, before;
	int signal = -1;

	sigemptyset(&stop);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGHUP);
	sigprocmask(SIG_BLOCK, &stop, &before);
	if (set_draining(w, 1))
		signal = wait_for_signal(&stop, w->detach->grace_ns);
	if (signal > 0)
		set_draining(w, 0);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (signal > 0)
		return log_refused(0, "interrupted: nothing was detached");
	return 0;
}

static int take_away(const struct work *w, struct detach_result *result)
{
	int err = 0;

	result->last = nobody_stays(w);
	for (size_t i = 0; i < w->count && !err; i++)
		err = pins_withdraw(w->state.pin_dir, w->targets[i].dir);
	if (!err && result->last)
		err = state_remove(w->state.pin_dir, false, &result->removal);
	return err;
}

static int describe(const struct work *w, struct detach_result *result)
{
	result->names = calloc(w->count, sizeof(*result->names));
	if (!result->names)
		return log_refused(ENOMEM, "detach");
	for (; result->count < w->count; result->count++)
		strcpy(result->names[result->count],
		       w->targets[result->count].name);
	return 0;
}

/* State that we cannot read: of another ABI, damaged, or half made; it goes
 * without being drained. */
static int take_unread(const struct work *w, struct detach_result *result)
{
	own(free) char(*dirs)[IFNAMSIZ] = NULL;
	size_t count = 0;
	int err = pins_list(w->state.pin_dir, &dirs, &count);

	if (err)
		return log_refused(err, "cannot read %s", w->state.pin_dir);
	err = state_remove(w->state.pin_dir, false, &result->removal);
	if (err)
		return err;
	if (!count && w->detach->count)
		return state_absent(w->state.pin_dir);
	if (!count)
		log_note("nothing was attached; what a killed command had left "
			 "is gone");
	for (size_t i = 0; i < count; i++)
		pins_decode(dirs[i], dirs[i]);
	result->last = true;
	result->names = dirs;
	result->count = count;
	dirs = NULL;
	return 0;
}

/* Is it of our ABI, so that it can be drained? */
static bool readable(const struct work *w)
{
	struct sw_host host;

	return !maps_read_origin(w->state.pin_dir, &host) && host.abi == SW_ABI;
}

static int run(struct work *w, struct detach_result *result)
{
	int err;

	if (!w->detach->count && !readable(w))
		return take_unread(w, result);
	err = state_load(&w->state);
	if (err == -ENOTCONN)
		return take_unread(w, result);
	return err                         ?:
		       find_targets(w)     ?:
		       check_rest(w)       ?:
		       drain(w)            ?:
		       describe(w, result) ?:
					     take_away(w, result);
}

int detach_run(const struct detach *detach, struct detach_result *ret_result)
{
	struct detach_result result = {};
	struct work w = { .detach = detach };
	int err;

	state_init(detach->pin_dir, &w.state);
	err = state_lock(&w.state, false);
	if (err == -ENOTCONN)
		state_absent(detach->pin_dir);
	if (!err)
		err = run(&w, &result);
	free(w.targets);
	state_close(&w.state);
	if (err)
		free(result.names);
	else
		*ret_result = result;
	return err;
}
