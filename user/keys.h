/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Key material: made here, wiped here, and never printed. What leaves is the
 * ring for the kernel, and fingerprints for people.
 */
#ifndef SYNWARD_KEYS_H
#define SYNWARD_KEYS_H

#include <linux/types.h>

#include "synward.h"

#define KEYS_FINGERPRINT 17 /* 16 hex digits and the NUL */

/*
 * A ring with generation 1 of a new random root secret, made at now_ns.
 * Returns -EIO, having said so, if libsodium cannot start. The caller wipes
 * the ring with keys_wipe.
 */
int keys_make_ring(__u64 now_ns, struct sw_keyring *ret_ring);

/* The key of one generation: crypto_kdf of libsodium, context "synward ". */
void keys_derive(const __u8 root[32], __u32 generation, struct sw_key *ret_key);

/* Tells keys apart without telling anything about them: BLAKE2b, 64 bits. */
void keys_fingerprint(const struct sw_key *key, char text[KEYS_FINGERPRINT]);

void keys_wipe(struct sw_keyring *ring);

#endif
