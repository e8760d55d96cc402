/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Key material: made here, wiped here, and never printed. What leaves is the
 * ring for the kernel, and fingerprints for people.
 *
 *	root secret (32 bytes, random or a file's) --crypto_kdf, by number of
 *	the generation--> that generation's key
 *
 * From a random root one key is made, and the root is gone. A file's gives
 * every machine that has it the same keys.
 */
#ifndef SYNWARD_KEYS_H
#define SYNWARD_KEYS_H

#include <linux/types.h>
#include <stdbool.h>

#include "synward.h"

#define KEYS_FINGERPRINT 17 /* 16 hex digits and the NUL */
#define KEYS_ROOT 32

/* The next generation takes over at the start of the epoch after next, so
 * that there is time to give it to other machines, too. */
#define KEYS_AHEAD_EPOCHS 2

/* A root secret. It lives in memory that is never swapped. */
struct keys_root {
	__u8 bytes[KEYS_ROOT];
	bool from_file;
};

/* libsodium's start; whatever else is here comes after it. Returns -EIO,
 * having said so, if it cannot. */
int keys_start(void);

/* A new random one; NULL if there is no memory. */
struct keys_root *keys_root_random(void);

/* Wipes; also for own_by(). */
void keys_root_free(struct keys_root **root);

/* A ring with generation 1, made at now_ns. The caller wipes it. */
void keys_make_ring(const struct keys_root *root, __u64 now_ns,
		    struct sw_keyring *ret_ring);

/*
 * The ring in which the next generation waits for its epoch; the newest one
 * until then becomes the first. The caller wipes it. Returns 0, or, unlogged,
 *
 *	-EBUSY         before keys_roll_from(): an epoch has exactly one key,
 *	               so the ring is full while cookies of both its keys
 *	               may come
 *	-EKEYREJECTED  a random root would follow one of a file
 */
int keys_roll(const struct sw_keyring *ring, __u64 now_ns,
	      const struct keys_root *root, struct sw_keyring *ret_ring);

/* From when on keys_roll() is possible; 0 = ever since. */
__u64 keys_roll_from(const struct sw_keyring *ring);

/* Which of the ring's keys is in force at now_ns, and which is the newest: 0
 * or 1. */
int keys_in_force(const struct sw_keyring *ring, __u64 now_ns);
int keys_newest(const struct sw_keyring *ring);

/* Is key i of the ring of this root? */
bool keys_is_of(const struct sw_keyring *ring, int i,
		const struct keys_root *root);

/* The key of one generation: crypto_kdf of libsodium, context "synward ". */
void keys_derive(const __u8 root[KEYS_ROOT], __u32 generation,
		 struct sw_key *ret_key);

/* Tells keys apart without telling anything about them: BLAKE2b, 64 bits. */
void keys_fingerprint(const struct sw_key *key, char text[KEYS_FINGERPRINT]);

void keys_wipe(struct sw_keyring *ring);

#endif
