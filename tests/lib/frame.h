/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames for tests: built from a description, checked and read by plain byte
 * arithmetic that shares no code with bpf/. Knows layouts of Ethernet, 802.1Q,
 * IP and TCP; knows nothing of cookies.
 *
 * Everything left 0 in a struct frame_spec is right, and usual. The fields
 * below "wrong on purpose" break a frame; checksums are made last, over what
 * was broken, so that they are right for what the frame says.
 */
#ifndef SYNWARD_TEST_FRAME_H
#define SYNWARD_TEST_FRAME_H

#include <stdbool.h>

enum frame_flags {
	FRAME_FIN = 0x01,
	FRAME_SYN = 0x02,
	FRAME_RST = 0x04,
	FRAME_PSH = 0x08,
	FRAME_ACK = 0x10,
	FRAME_URG = 0x20,
	FRAME_ECE = 0x40,
	FRAME_CWR = 0x80,
};

#define FRAME_MAX 2048

/* data is 2 bytes off a word, as in a NIC's ring: its IP header is aligned. */
struct frame {
	unsigned int len;
	unsigned char reserved[2];
	unsigned char data[FRAME_MAX];
};

/* All numbers in host byte order. */
struct frame_spec {
	bool ip6;
	unsigned int vlan_tags;    /* 0..2 */
	unsigned short vlan_proto; /* outer tag's; 0 = 0x8100 */
	unsigned short vlan_id;    /* outer tag's; 0 = 42 */
	unsigned char src_mac[6];  /* 0 = 02:00:00:00:00:07 */
	unsigned char dst_mac[6];  /* 0 = 02:00:00:00:00:01 */
	const char *src;           /* NULL = 198.51.100.7, 2001:db8:1::7 */
	const char *dst;           /* NULL = 192.0.2.1, 2001:db8::1 */
	unsigned short sport;      /* 0 = 40000 */
	unsigned short dport;      /* 0 = 80 */
	unsigned int seq;
	unsigned int ack;
	unsigned char flags;          /* enum frame_flags */
	unsigned short window;        /* 0 = 64240 */
	const unsigned char *options; /* of TCP, padded with 0 to words */
	unsigned int options_len;     /* 0..40 */
	unsigned int payload;         /* bytes */
	unsigned int ip_options_len;  /* IPv4: NOPs, a multiple of 4, 0..40 */
	/* IPv6 extension headers, by protocol number */
	const unsigned char *ip6_headers;
	unsigned int ip6_header_count;
	/* each is 8 * (1 + this) bytes long; in a fragment header, always of
	 * 8 bytes, it goes into the reserved byte */
	unsigned char ip6_header_units;
	unsigned char ip6_segments_left; /* in routing headers */
	/* IPv4's field (0x2000 = more), or in IPv6 fragment headers, whose
	 * field is offset in 8 bytes << 3 | more */
	unsigned short frag_off;
	bool df;
	unsigned int pad_to; /* pads the frame to so many bytes */

	/* wrong on purpose; 0 = right */
	unsigned short ethertype;
	unsigned char ip_version;
	unsigned char ip_protocol; /* last IP header's next protocol */
	unsigned char ihl;         /* words */
	unsigned char doff;        /* words */
	int ip_len_add;            /* to what the IP header says */
	bool bad_checksum;         /* of TCP */
};

/* Presets for .options: FRAME_OPTIONS(frame_options_linux) sets both fields.
 * Timestamps of linux and macos: TSval 0x01020304, TSecr 0. */
extern const unsigned char frame_options_linux[20];   /* 1460, scale 7 */
extern const unsigned char frame_options_windows[12]; /* 1460, scale 8 */
extern const unsigned char frame_options_macos[24];   /* 1460, scale 6 */
extern const unsigned char frame_options_mss[4];      /* 1460 alone */

#define FRAME_OPTIONS(array) .options = (array), .options_len = sizeof(array)
#define FRAME_TSVAL 0x01020304

/* Aborts on a description that fits no frame: that is a bug in the test. */
void frame_build(struct frame *f, const struct frame_spec *spec);

/* Writes NOP, NOP, timestamps: the 12 bytes of anybody's ACK. */
void frame_timestamps(unsigned char *options, unsigned int tsval,
		      unsigned int tsecr);

/* Is every checksum of an Ethernet frame with a TCP segment right, and does
 * its IP header tell its length? Padding is allowed. */
bool frame_checksums_ok(const void *data, unsigned int len);

/* A TCP segment, taken apart for assertions. Host byte order. */
struct frame_reply {
	bool ip6;
	unsigned int vlan_tags;
	unsigned char src_mac[6];
	unsigned char dst_mac[6];
	unsigned char src[16]; /* as in the header; IPv4 in the first 4 */
	unsigned char dst[16];
	unsigned char ttl;
	bool df;
	unsigned int ip_len; /* from the IP header to the payload's end */
	unsigned short sport;
	unsigned short dport;
	unsigned int seq;
	unsigned int ack;
	unsigned char flags;
	unsigned short window;
	unsigned int options_len;
	unsigned int payload;
	unsigned short mss; /* 0 = none */
	int wscale;         /* -1 = none */
	bool sack;
	bool timestamps;
	unsigned int tsval;
	unsigned int tsecr;
};

/* False if the frame holds no whole TCP segment. */
bool frame_read(const void *data, unsigned int len, struct frame_reply *ret_r);

#endif
