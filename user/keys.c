// SPDX-License-Identifier: GPL-2.0-or-later
/* Key material, by libsodium. Knows no map: maps.c carries rings; and no
 * file: keyfile.c reads them. */
#include "keys.h"

#include <endian.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "log.h"

_Static_assert(sizeof(struct sw_key) == crypto_kdf_BYTES_MIN,
	       "a SipHash key is the shortest key that the KDF derives");
_Static_assert(crypto_kdf_KEYBYTES == KEYS_ROOT, "the KDF's root secret");

int keys_start(void)
{
	if (sodium_init() < 0)
		return log_refused(0, "libsodium does not start: no keys");
	return 0;
}

struct keys_root *keys_root_random(void)
{
	struct keys_root *root = sodium_malloc(sizeof(*root));

	if (!root)
		return NULL;
	randombytes_buf(root->bytes, sizeof(root->bytes));
	root->from_file = false;
	return root;
}

void keys_root_free(struct keys_root **root)
{
	sodium_free(*root);
	*root = NULL;
}

void keys_derive(const __u8 root[KEYS_ROOT], __u32 generation,
		 struct sw_key *ret_key)
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

static void make_key(struct sw_keyring *ring, int i, __u32 generation,
		     const struct keys_root *root, __u64 now_ns)
{
	keys_derive(root->bytes, generation, &ring->key[i]);
	ring->generation[i] = generation;
	ring->made_ns[i] = now_ns;
	ring->from_file |= (__u32)root->from_file << i;
}

void keys_make_ring(const struct keys_root *root, __u64 now_ns,
		    struct sw_keyring *ret_ring)
{
	memset(ret_ring, 0, sizeof(*ret_ring));
	make_key(ret_ring, 0, 1, root, now_ns);
}

int keys_newest(const struct sw_keyring *ring)
{
	return ring->made_ns[1] != 0;
}

int keys_in_force(const struct sw_keyring *ring, __u64 now_ns)
{
	return ring->made_ns[1] &&
	       now_ns >> SW_EPOCH_SHIFT >= ring->second_from;
}

/* The first generation's last cookie is made in the epoch before second_from
 * and dies with the end of that one. */
__u64 keys_roll_from(const struct sw_keyring *ring)
{
	return ring->made_ns[1] ? (ring->second_from + 1ULL) << SW_EPOCH_SHIFT :
				  0;
}

int keys_roll(const struct sw_keyring *ring, __u64 now_ns,
	      const struct keys_root *root, struct sw_keyring *ret_ring)
{
	int newest = keys_newest(ring);
	bool from_file = ring->from_file >> newest & 1;

	if (now_ns < keys_roll_from(ring))
		return -EBUSY;
	if (from_file && !root->from_file)
		return -EKEYREJECTED;
	memset(ret_ring, 0, sizeof(*ret_ring));
	ret_ring->key[0] = ring->key[newest];
	ret_ring->made_ns[0] = ring->made_ns[newest];
	ret_ring->generation[0] = ring->generation[newest];
	ret_ring->from_file = from_file;
	make_key(ret_ring, 1, ring->generation[newest] + 1, root, now_ns);
	ret_ring->second_from = (now_ns >> SW_EPOCH_SHIFT) + KEYS_AHEAD_EPOCHS;
	return 0;
}

bool keys_is_of(const struct sw_keyring *ring, int i,
		const struct keys_root *root)
{
	struct sw_key key;
	bool same;

	keys_derive(root->bytes, ring->generation[i], &key);
	same = !sodium_memcmp(&key, &ring->key[i], sizeof(key));
	sodium_memzero(&key, sizeof(key));
	return same;
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
