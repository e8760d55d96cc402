// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * user/keys.c and user/keyfile.c: which files hold a secret, what is made of
 * one, and that rolling keys never gives an epoch two of them.
 */
#include "unit.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cookie.h"
#include "keyfile.h"
#include "keys.h"
#include "own.h"

/* ---- what is said ---- */

static FILE *stderr_before;
static char *said;
static size_t said_len;

static void listen_to_stderr(void)
{
	stderr_before = stderr;
	stderr = open_memstream(&said, &said_len);
	assert_non_null(stderr);
}

/* Part of one line on stderr, or nothing if words are NULL. */
static void assert_said(const char *words)
{
	fclose(stderr);
	stderr = stderr_before;
	if (words && !strstr(said, words))
		fail_msg("\"%s\" does not say \"%s\"", said, words);
	assert_int_equal(said_len > 0, words != NULL);
	free(said);
}

/* ---- the form of a key file ---- */

#define MAKE "head -c 32 /dev/urandom >F"
#define ROOT_BASE64 "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="

static const __u8 root_bytes[KEYS_ROOT] = {
	1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16,
	17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32,
};

struct text {
	const char *name;
	const char *text;
	size_t len;
	const char *says; /* NULL = it is root_bytes */
};

#define TEXT(literal) literal, sizeof(literal) - 1

/* clang-format off */
static const struct text texts[] = {
	{ "32 bytes are a secret", (const char *)root_bytes, 32, NULL },
	{ "base64 of 32 bytes is", TEXT(ROOT_BASE64), NULL },
	{ "base64 with a newline is", TEXT(ROOT_BASE64 "\n"), NULL },
	{ "nothing is refused", "", 0, MAKE },
	{ "31 bytes are refused", (const char *)root_bytes, 31, MAKE },
	{ "33 bytes are refused", TEXT("123456789012345678901234567890123"),
	  MAKE },
	{ "base64 without padding is refused",
	  TEXT("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"), MAKE },
	{ "base64 of 31 bytes is refused",
	  TEXT("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHw=="), MAKE },
	{ "base64 of 33 bytes is refused",
	  TEXT("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAh"), MAKE },
	{ "base64 of the URL alphabet is refused",
	  TEXT("-__7__v_-__7__v_-__7__v_-__7__v_-__7__v_-_8="), MAKE },
	{ "a blank within base64 is refused",
	  TEXT("AQIDBAUGBwgJCgsMDQ4PEBESE QVFhcYGRobHB0eHyA="), MAKE },
	{ "base64 with loose bits at its end is refused",
	  TEXT("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyB="), MAKE },
	{ "base64 with CR and newline is refused", TEXT(ROOT_BASE64 "\r\n"),
	  MAKE },
	{ "base64 with two newlines is refused", TEXT(ROOT_BASE64 "\n\n"),
	  MAKE },
	{ "base64 with a letter behind it is refused", TEXT(ROOT_BASE64 "A"),
	  MAKE },
	{ "64 hexadecimal digits are refused",
	  TEXT("0102030405060708090a0b0c0d0e0f10"
	       "1112131415161718191a1b1c1d1e1f20"), MAKE },
	{ "32 zero bytes are refused",
	  TEXT("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	       "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), "all zero" },
	{ "zeros in base64 are refused",
	  TEXT("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), "all zero" },
};
/* clang-format on */

static void text_means(void **state)
{
	const struct text *t = *state;
	unsigned char *copy = exact_copy(t->text, t->len);
	__u8 bytes[KEYS_ROOT];

	listen_to_stderr();
	assert_int_equal(keyfile_parse("F", (char *)copy, t->len, bytes),
			 t->says ? -EINVAL : 0);
	assert_said(t->says);
	if (!t->says)
		assert_memory_equal(bytes, root_bytes, KEYS_ROOT);
	exact_free(copy);
}

/* ---- whose it must be ---- */

struct owner {
	const char *name;
	mode_t mode;
	uid_t uid;
	const char *says;
};

static const struct owner owners[] = {
	{ "root's with mode 0600 is taken", S_IFREG | 0600, 0, NULL },
	{ "root's with mode 0400 is taken", S_IFREG | 0400, 0, NULL },
	{ "readable by the group", S_IFREG | 0640, 0, "chmod 0600 F" },
	{ "writable by the group", S_IFREG | 0620, 0, "chmod 0600 F" },
	{ "readable by others", S_IFREG | 0604, 0, "chmod 0600 F" },
	{ "writable by others", S_IFREG | 0602, 0, "chmod 0600 F" },
	{ "executable by others", S_IFREG | 0601, 0, "chmod 0600 F" },
	{ "somebody else's", S_IFREG | 0600, 1000, "chown root F" },
	{ "somebody else's that all can read", S_IFREG | 0644, 1000,
	  "chown root F" },
	{ "a directory", S_IFDIR | 0700, 0, "no regular file" },
	{ "a pipe", S_IFIFO | 0600, 0, "no regular file" },
	{ "a device", S_IFCHR | 0600, 0, "no regular file" },
};

static void owner_is(void **state)
{
	const struct owner *o = *state;
	const struct stat stat = { .st_mode = o->mode, .st_uid = o->uid };

	listen_to_stderr();
	assert_int_equal(keyfile_check("F", &stat), o->says ? -EINVAL : 0);
	assert_said(o->says);
}

/* ---- what is no file ---- */

static int make_directory(const char *path)
{
	return mkdir(path, 0700);
}

static int make_pipe(const char *path)
{
	return mkfifo(path, 0600);
}

static int make_link(const char *path)
{
	return symlink("/dev/null", path);
}

static int make_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	own(fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return bind(fd, (struct sockaddr *)&address, sizeof(address));
}

static int make_nothing(const char *path)
{
	(void)path;
	return 0;
}

struct place {
	const char *name;
	int (*make)(const char *path);
	const char *says;
};

static const struct place places[] = {
	{ "a directory in its place", make_directory, "no regular file" },
	{ "a pipe in its place, which nobody writes to", make_pipe,
	  "no regular file" },
	{ "a symbolic link in its place", make_link, "symbolic link" },
	{ "a socket in its place", make_socket, "no regular file" },
	{ "no file at all", make_nothing, "head -c 32 /dev/urandom >" },
};

static void place_is_refused(void **state)
{
	const struct place *p = *state;
	char dir[] = "/tmp/synward-keys-XXXXXX", path[64];
	struct keys_root *root = NULL;
	int err;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/key", dir);
	err = p->make(path);
	listen_to_stderr();
	if (!err)
		err = keyfile_read(path, &root);
	remove(path);
	rmdir(dir);
	assert_said(p->says);
	assert_int_equal(err, -EINVAL);
	assert_null(root);
}

/* ---- keys of a root ---- */

static struct keys_root root_of(__u8 first, bool from_file)
{
	struct keys_root root = { .from_file = from_file };

	memcpy(root.bytes, root_bytes, sizeof(root.bytes));
	root.bytes[0] = first;
	return root;
}

/* By Python: hashlib.blake2b(digest_size=16, key=root, salt=number of the
 * generation, person="synward "). Other versions must make the same. */
static void keys_are_these(void **state)
{
	static const struct sw_key known[] = {
		{ 0x9948cd0b1a66311f, 0xaa575b97919f9e7b },
		{ 0xfe7711b13a4e62b5, 0xf8ee741d8b984282 },
	};
	struct sw_key key;

	(void)state;
	for (__u32 i = 0; i < ARRAY_LEN(known); i++) {
		keys_derive(root_bytes, i + 1, &key);
		assert_memory_equal(&key, &known[i], sizeof(key));
	}
}

static void random_roots_differ(void **state)
{
	own_by(keys_root_free) struct keys_root *a = keys_root_random();
	own_by(keys_root_free) struct keys_root *b = keys_root_random();

	(void)state;
	assert_memory_not_equal(a->bytes, b->bytes, KEYS_ROOT);
	assert_false(sodium_is_zero(a->bytes, KEYS_ROOT));
	assert_false(a->from_file);
}

static void fingerprint_tells_nothing(void **state)
{
	struct keys_root root = root_of(1, false);
	char text[KEYS_FINGERPRINT], half[KEYS_FINGERPRINT];
	struct sw_keyring ring;

	(void)state;
	keys_make_ring(&root, 1, &ring);
	keys_fingerprint(&ring.key[0], text);
	assert_int_equal(strlen(text), KEYS_FINGERPRINT - 1);
	for (int i = 0; i < 2; i++) {
		sodium_bin2hex(half, sizeof(half), (__u8 *)&ring.key[0] + i * 8,
			       8);
		assert_string_not_equal(text, half);
	}
}

/* ---- rolling ---- */

#define EPOCH 1000U
#define EPOCH_NS(epoch) ((__u64)(epoch) << SW_EPOCH_SHIFT)
#define LAST_NS (EPOCH_NS(1) - 1)

struct roll {
	const char *name;
	__s32 epochs; /* from second_from until the next one; without: any */
	bool rolled;  /* once before, at EPOCH */
	bool was_file, is_file;
	bool last; /* instant of that epoch, else the first */
	int err;
};

/* clang-format off */
static const struct roll rolls[] = {
	{ "the first roll is possible at once", 0, false, false, false, false,
	  0 },
	{ "a roll while one waits for its epoch is refused", -1, true, false,
	  false, true, -EBUSY },
	{ "a roll as the new key takes over is refused", 0, true, false, false,
	  false, -EBUSY },
	{ "a roll in the new key's first epoch is refused to its last instant",
	  0, true, false, false, true, -EBUSY },
	{ "a roll one full epoch after is possible", 1, true, false, false,
	  false, 0 },
	{ "a roll much later is possible", 99, true, false, false, true, 0 },
	{ "a file's key after a random one is possible", 1, true, false, true,
	  false, 0 },
	{ "a file's key after a file's is possible", 1, true, true, true, false,
	  0 },
	{ "a random key after a file's is refused", 1, true, true, false, false,
	  -EKEYREJECTED },
	{ "a random key after a file's first is refused", 0, false, true, false,
	  false, -EKEYREJECTED },
	{ "too early is said before what else is wrong", 0, true, true, false,
	  false, -EBUSY },
};
/* clang-format on */

static void roll_is(void **state)
{
	const struct roll *r = *state;
	struct keys_root old = root_of(1, r->was_file);
	struct keys_root new = root_of(2, r->is_file);
	struct sw_keyring ring, next, kept;
	__u64 now_ns =
		EPOCH_NS(EPOCH + 2 + r->epochs) + (r->last ? LAST_NS : 0);

	keys_make_ring(&old, EPOCH_NS(EPOCH), &ring);
	if (r->rolled)
		assert_int_equal(keys_roll(&ring, EPOCH_NS(EPOCH), &old, &next),
				 0);
	if (r->rolled)
		ring = next;
	memset(&next, 77, sizeof(next));
	kept = next;
	assert_int_equal(keys_roll(&ring, now_ns, &new, &next), r->err);
	if (r->err)
		assert_memory_equal(&next, &kept, sizeof(next));
	else
		assert_true(now_ns >= keys_roll_from(&ring));
	assert_int_equal(now_ns < keys_roll_from(&ring), r->err == -EBUSY);
}

static void ring_holds_the_newest_two(void **state)
{
	struct keys_root root[3] = { root_of(1, false), root_of(2, true),
				     root_of(3, true) };
	struct sw_keyring a, b, c;

	(void)state;
	keys_make_ring(&root[0], EPOCH_NS(EPOCH), &a);
	assert_int_equal(a.generation[0], 1);
	assert_int_equal(a.made_ns[1], 0);
	assert_int_equal(keys_roll(&a, EPOCH_NS(EPOCH) + 5, &root[1], &b), 0);
	assert_memory_equal(&b.key[0], &a.key[0], sizeof(a.key[0]));
	assert_true(keys_is_of(&b, 0, &root[0]));
	assert_true(keys_is_of(&b, 1, &root[1]));
	assert_false(keys_is_of(&b, 1, &root[0]));
	assert_int_equal(b.generation[1], 2);
	assert_int_equal(b.made_ns[1], EPOCH_NS(EPOCH) + 5);
	assert_int_equal(b.second_from, EPOCH + KEYS_AHEAD_EPOCHS);
	assert_int_equal(b.from_file, 2);
	assert_int_equal(
		keys_roll(&b, EPOCH_NS(b.second_from + 1), &root[2], &c), 0);
	assert_memory_equal(&c.key[0], &b.key[1], sizeof(b.key[1]));
	assert_int_equal(c.made_ns[0], b.made_ns[1]);
	assert_int_equal(c.generation[0], 2);
	assert_int_equal(c.generation[1], 3);
	assert_int_equal(c.from_file, 3);
}

/* Two machines with one file, attached and rolled at different times. */
static void one_file_one_key(void **state)
{
	struct keys_root root = root_of(1, true), random = root_of(9, false);
	struct sw_keyring a, b, next;

	(void)state;
	keys_make_ring(&root, EPOCH_NS(EPOCH), &a);
	keys_make_ring(&random, EPOCH_NS(EPOCH) + 7, &b);
	assert_int_equal(keys_roll(&a, EPOCH_NS(EPOCH + 9), &root, &next), 0);
	a = next;
	assert_int_equal(keys_roll(&b, EPOCH_NS(EPOCH + 9) + 3, &root, &next),
			 0);
	b = next;
	assert_int_equal(a.second_from, b.second_from);
	assert_memory_equal(&a.key[1], &b.key[1], sizeof(a.key[1]));
	assert_memory_not_equal(&a.key[0], &b.key[0], sizeof(a.key[0]));
}

static void in_force_as_packets_see_it(void **state)
{
	struct keys_root root = root_of(1, false);
	struct sw_keyring ring, next;

	(void)state;
	keys_make_ring(&root, EPOCH_NS(EPOCH), &ring);
	assert_int_equal(keys_roll(&ring, EPOCH_NS(EPOCH), &root, &next), 0);
	for (__u32 epoch = EPOCH - 1; epoch < EPOCH + 5; epoch++) {
		assert_int_equal(keys_in_force(&ring, EPOCH_NS(epoch)), 0);
		assert_ptr_equal(
			&next.key[keys_in_force(&next, EPOCH_NS(epoch))],
			cookie_key(&next, epoch));
	}
}

/*
 * Somebody rolls whenever they are let, trying seven times an epoch. Whatever
 * key a cookie was made with, it is checked with, also in the epoch after.
 */
static void an_epoch_has_one_key(void **state)
{
	struct keys_root root = root_of(1, false);
	struct sw_key made = {}, made_before = {};
	struct sw_keyring ring, next;
	unsigned int rolled = 0;

	(void)state;
	keys_make_ring(&root, EPOCH_NS(EPOCH), &ring);
	for (__u32 i = 0; i < 7 * 300; i++) {
		__u32 epoch = EPOCH + i / 7;
		__u64 now_ns = EPOCH_NS(epoch) + i % 7 * (LAST_NS / 7);

		random_fill(root.bytes, sizeof(root.bytes));
		if (i % 7 == 0) {
			made_before = made;
			made = *cookie_key(&ring, epoch);
		}
		if (!keys_roll(&ring, now_ns, &root, &next)) {
			ring = next;
			rolled++;
		}
		assert_memory_equal(cookie_key(&ring, epoch), &made,
				    sizeof(made));
		if (i >= 7)
			assert_memory_equal(cookie_key(&ring, epoch - 1),
					    &made_before, sizeof(made));
	}
	assert_in_range(rolled, 99, 101); /* every third epoch */
}

int main(void)
{
	static struct table t;

	if (keys_start())
		return 1;
	table_rows(&t, texts, text_means);
	table_rows(&t, owners, owner_is);
	table_rows(&t, places, place_is_refused);
	table_case(&t, "the keys of a secret are these", keys_are_these, NULL);
	table_case(&t, "random secrets differ", random_roots_differ, NULL);
	table_case(&t, "a fingerprint is no part of its key",
		   fingerprint_tells_nothing, NULL);
	table_rows(&t, rolls, roll_is);
	table_case(&t, "a ring holds the newest two generations",
		   ring_holds_the_newest_two, NULL);
	table_case(&t, "machines with one file have one key per generation",
		   one_file_one_key, NULL);
	table_case(&t, "user space and packets agree on which key is in force",
		   in_force_as_packets_see_it, NULL);
	table_case(&t, "an epoch has one key, whenever it is rolled",
		   an_epoch_has_one_key, NULL);
	return table_run(&t, "keys");
}
