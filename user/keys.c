// SPDX-License-Identifier: GPL-2.0-or-later
/* Key material, by libsodium. Knows no map: maps.c carries rings. */
#include "keys.h"

#include <endian.h>
#include <sodium.h>
#include <string.h>

#include "log.h"

_Static_assert(sizeof(struct sw_key) == crypto_kdf_BYTES_MIN,
	       "a SipHash key is the shortest key that the KDF derives");
_Static_assert(crypto_kdf_KEYBYTES == 32, "the root secret is 32 bytes");

void keys_derive(const __u8 root[32], __u32 generation, struct sw_key *ret_key)
{
	__u8 bytes[sizeof(*ret_key)];

	crypto_kdf_derive_from_key(bytes, sizeof(bytes), generation, "synward ",
				   root);
	memcpy(&ret_key->k0, bytes, 8);
	memcpy(&ret_key->k1, bytes + 8, 8);
	ret_key->k0 = le64toh(ret_key->k0);
	ret_key->k1 = le64toh(ret_key->k1);
	sodium_memzero(bytes, sizeof(bytes));
}

int keys_make_ring(__u64 now_ns, struct sw_keyring *ret_ring)
{
	struct sw_keyring ring = { .made_ns = { now_ns }, .generation = { 1 } };
	__u8 root[crypto_kdf_KEYBYTES];

	if (sodium_init() < 0)
		return log_refused(0, "libsodium does not start: no keys");
	sodium_mlock(root, sizeof(root)); /* without it swap may see it */
	randombytes_buf(root, sizeof(root));
	keys_derive(root, ring.generation[0], &ring.key[0]);
	sodium_munlock(root, sizeof(root)); /* wipes */
	*ret_ring = ring;
	keys_wipe(&ring);
	return 0;
}

void keys_fingerprint(const struct sw_key *key, char text[KEYS_FINGERPRINT])
{
	__u64 words[2] = { htole64(key->k0), htole64(key->k1) };
	__u8 hash[crypto_generichash_BYTES];

	crypto_generichash(hash, sizeof(hash), (const __u8 *)words,
			   sizeof(words), NULL, 0);
	sodium_bin2hex(text, KEYS_FINGERPRINT, hash,
		       (KEYS_FINGERPRINT - 1) / 2);
	sodium_memzero(words, sizeof(words));
}

void keys_wipe(struct sw_keyring *ring)
{
	sodium_memzero(ring, sizeof(*ring));
}
