// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads key files. Knows their form and whom they must belong to; what is
 * made of the secret, keys.c knows. */
#include "keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "own.h"

static int refuse_open(const char *path, int err)
{
	switch (err) {
	case EACCES:
	case EPERM:
		return log_denied("--key-file %s: not permitted to read it: "
				  "try sudo",
				  path);
	case ENOENT:
		return log_usage("--key-file %s: there is no such file; to "
				 "make one: (umask 077; head -c 32 "
				 "/dev/urandom >%s)",
				 path, path);
	case ELOOP:
		return log_usage("--key-file %s: is a symbolic link: name the "
				 "file that it points to",
				 path);
	case ENXIO: /* a socket */
		return log_usage("--key-file %s: is no regular file", path);
	default:
		return log_usage("--key-file %s: cannot be opened: %s", path,
				 strerror(err));
	}
}

int keyfile_check(const char *path, const struct stat *stat)
{
	if (!S_ISREG(stat->st_mode))
		return log_usage("--key-file %s: is no regular file", path);
	if (stat->st_uid)
		return log_usage("--key-file %s: belongs to uid %u, who can "
				 "change it: chown root %s",
				 path, stat->st_uid, path);
	if (stat->st_mode & 077)
		return log_usage("--key-file %s: not only its owner has access "
				 "(mode %04o): chmod 0600 %s, and if others "
				 "may have read it, make a new one",
				 path, stat->st_mode & 07777, path);
	return 0;
}

static bool is_base64(const char *text, size_t len)
{
	return len == KEYFILE_BASE64 ||
	       (len == KEYFILE_BASE64 + 1 && text[KEYFILE_BASE64] == '\n');
}

static int refuse_form(const char *path)
{
	return log_usage("--key-file %s: is neither 32 bytes nor base64 of 32 "
			 "bytes; to make a new one: (umask 077; head -c 32 "
			 "/dev/urandom >%s)",
			 path, path);
}

int keyfile_parse(const char *path, const char *text, size_t len,
		  __u8 ret_bytes[KEYS_ROOT])
{
	size_t size = 0;

	if (len == KEYS_ROOT)
		memcpy(ret_bytes, text, KEYS_ROOT);
	else if (!is_base64(text, len) ||
		 sodium_base642bin(ret_bytes, KEYS_ROOT, text, KEYFILE_BASE64,
				   NULL, &size, NULL,
				   sodium_base64_VARIANT_ORIGINAL) ||
		 size != KEYS_ROOT)
		return refuse_form(path);
	if (sodium_is_zero(ret_bytes, KEYS_ROOT))
		return log_usage("--key-file %s: is all zero, which is no "
				 "secret; to make a new one: (umask 077; head "
				 "-c 32 /dev/urandom >%s)",
				 path, path);
	return 0;
}

/* Until the end, or one byte more than a key file can have. */
static int read_text(const char *path, int fd, char text[KEYFILE_MAX + 1],
		     size_t *ret_len)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = read(fd, text + len, KEYFILE_MAX + 1 - len);
		if (n < 0 && errno != EINTR)
			return log_refused(
				errno, "--key-file %s: cannot be read", path);
		len += n > 0 ? n : 0;
	} while (n && len <= KEYFILE_MAX);
	*ret_len = len;
	return 0;
}

/* What is read lies in locked memory, too. */
static int read_root(const char *path, int fd, struct keys_root *root)
{
	char *text = sodium_malloc(KEYFILE_MAX + 1);
	size_t len = 0;
	int err;

	if (!text)
		return log_refused(ENOMEM, "--key-file %s", path);
	err = read_text(path, fd, text, &len) ?:
		      keyfile_parse(path, text, len, root->bytes);
	sodium_free(text); /* wipes */
	return err;
}

/* O_NONBLOCK: a FIFO in its place must not hang us. */
int keyfile_read(const char *path, struct keys_root **ret_root)
{
	own(fd) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC |
					    O_NONBLOCK | O_NOCTTY);
	struct keys_root *root;
	struct stat stat;
	int err;

	if (fd < 0)
		return refuse_open(path, errno);
	if (fstat(fd, &stat))
		return refuse_open(path, errno);
	err = keyfile_check(path, &stat);
	if (err)
		return err;
	root = sodium_malloc(sizeof(*root));
	if (!root)
		return log_refused(ENOMEM, "--key-file %s", path);
	err = read_root(path, fd, root);
	if (err) {
		keys_root_free(&root);
		return err;
	}
	root->from_file = true;
	*ret_root = root;
	return 0;
}
