/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See frame.h. Bytes are put and got one at a time, on purpose: this is what
 * the words and masks of bpf/ are compared with.
 */
#include "frame.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ETH_IP 0x0800
#define ETH_IP6 0x86dd
#define ETH_VLAN 0x8100
#define ETH_QINQ 0x88a8
#define HOPOPTS 0
#define TCP 6
#define ROUTING 43
#define FRAGMENT 44
#define DSTOPTS 60

const unsigned char frame_options_linux[20] = { 2,  4, 5, 0xb4, 4, 2, 8,
						10, 1, 2, 3,    4, 0, 0,
						0,  0, 1, 3,    3, 7 };
const unsigned char frame_options_windows[12] = { 2, 4, 5, 0xb4, 1, 3,
						  3, 8, 1, 1,    4, 2 };
const unsigned char frame_options_macos[24] = { 2, 4, 5, 0xb4, 1, 3, 3, 6,
						1, 1, 8, 10,   1, 2, 3, 4,
						0, 0, 0, 0,    4, 2, 0, 0 };
const unsigned char frame_options_mss[4] = { 2, 4, 5, 0xb4 };

static void put8(struct frame *f, unsigned int value)
{
	if (f->len == FRAME_MAX) {
		fprintf(stderr, "frame_build: frame too long\n");
		abort();
	}
	f->data[f->len++] = value;
}

static void put16(struct frame *f, unsigned int value)
{
	put8(f, value >> 8 & 0xff);
	put8(f, value & 0xff);
}

static void put32(struct frame *f, unsigned int value)
{
	put16(f, value >> 16);
	put16(f, value & 0xffff);
}

static void put_bytes(struct frame *f, const void *from, unsigned int len)
{
	const unsigned char *b = from;

	for (unsigned int i = 0; i < len; i++)
		put8(f, b[i]);
}

static void put_filled(struct frame *f, unsigned int len, unsigned char with)
{
	while (len--)
		put8(f, with);
}

static void put_mac(struct frame *f, const unsigned char *mac, int otherwise)
{
	static const unsigned char none[6];
	unsigned char usual[6] = { 2, 0, 0, 0, 0, otherwise };

	put_bytes(f, memcmp(mac, none, 6) ? mac : usual, 6);
}

static void put_address(struct frame *f, bool ip6, const char *text)
{
	unsigned char address[16];

	if (inet_pton(ip6 ? AF_INET6 : AF_INET, text, address) != 1) {
		fprintf(stderr, "frame_build: no address: %s\n", text);
		abort();
	}
	put_bytes(f, address, ip6 ? 16 : 4);
}

static void put_addresses(struct frame *f, const struct frame_spec *s)
{
	const char *src = s->ip6 ? "2001:db8:1::7" : "198.51.100.7";
	const char *dst = s->ip6 ? "2001:db8::1" : "192.0.2.1";

	put_address(f, s->ip6, s->src ? s->src : src);
	put_address(f, s->ip6, s->dst ? s->dst : dst);
}

static void put_ethernet(struct frame *f, const struct frame_spec *s)
{
	put_mac(f, s->dst_mac, 1);
	put_mac(f, s->src_mac, 7);
	for (unsigned int i = 0; i < s->vlan_tags; i++) {
		put16(f, !i && s->vlan_proto ? s->vlan_proto : ETH_VLAN);
		put16(f, !i && s->vlan_id ? s->vlan_id : 42 + i);
	}
	put16(f, s->ethertype ? s->ethertype : s->ip6 ? ETH_IP6 : ETH_IP);
}

static unsigned int tcp_header_len(const struct frame_spec *s)
{
	return 20 + (s->options_len + 3) / 4 * 4;
}

static unsigned int protocol(const struct frame_spec *s)
{
	return s->ip_protocol ? s->ip_protocol : TCP;
}

static void put_ip4(struct frame *f, const struct frame_spec *s)
{
	unsigned int ip_len = 20 + s->ip_options_len;
	unsigned int version = s->ip_version ? s->ip_version : 4;

	put8(f, version << 4 | (s->ihl ? s->ihl : ip_len / 4));
	put8(f, 0);
	put16(f, ip_len + tcp_header_len(s) + s->payload + s->ip_len_add);
	put16(f, 0x1234); /* id */
	put16(f, s->frag_off | (s->df ? 0x4000 : 0));
	put8(f, 64);
	put8(f, protocol(s));
	put16(f, 0);
	put_addresses(f, s);
	put_filled(f, s->ip_options_len, 1);
}

/* The protocol number in front of extension header i, or of TCP. */
static unsigned int ip6_next(const struct frame_spec *s, unsigned int i)
{
	return i < s->ip6_header_count ? s->ip6_headers[i] : protocol(s);
}

static unsigned int ip6_header_len(const struct frame_spec *s, unsigned int i)
{
	return s->ip6_headers[i] == FRAGMENT ? 8 : 8 + 8 * s->ip6_header_units;
}

static void put_ip6_header(struct frame *f, const struct frame_spec *s,
			   unsigned int i)
{
	unsigned int rest = ip6_header_len(s, i) - 4;

	put8(f, ip6_next(s, i + 1));
	if (s->ip6_headers[i] == FRAGMENT) {
		put8(f, s->ip6_header_units);
		put16(f, s->frag_off);
		put32(f, 0x01020304);
		return;
	}
	put8(f, s->ip6_header_units);
	if (s->ip6_headers[i] == ROUTING) {
		put8(f, 4); /* type: segment routing */
		put8(f, s->ip6_segments_left);
		put_filled(f, rest, 0);
		return;
	}
	put8(f, 0); /* Pad1 twice, and so on */
	put8(f, 0);
	put_filled(f, rest, 0);
}

static void put_ip6(struct frame *f, const struct frame_spec *s)
{
	unsigned int len = tcp_header_len(s) + s->payload + s->ip_len_add;

	for (unsigned int i = 0; i < s->ip6_header_count; i++)
		len += ip6_header_len(s, i);
	put32(f, (s->ip_version ? s->ip_version : 6u) << 28);
	put16(f, len);
	put8(f, ip6_next(s, 0));
	put8(f, 64);
	put_addresses(f, s);
	for (unsigned int i = 0; i < s->ip6_header_count; i++)
		put_ip6_header(f, s, i);
}

static void put_tcp(struct frame *f, const struct frame_spec *s)
{
	unsigned int header = tcp_header_len(s);

	put16(f, s->sport ? s->sport : 40000);
	put16(f, s->dport ? s->dport : 80);
	put32(f, s->seq);
	put32(f, s->ack);
	put8(f, (s->doff ? s->doff : header / 4) << 4 & 0xf0);
	put8(f, s->flags);
	put16(f, s->window ? s->window : 64240);
	put32(f, 0); /* checksum, urgent pointer */
	if (s->options_len)
		put_bytes(f, s->options, s->options_len);
	put_filled(f, header - 20 - s->options_len, 0);
	for (unsigned int i = 0; i < s->payload; i++)
		put8(f, 'a' + i % 26);
}

/* RFC 1071, the slow way: 16-bit words, the last byte padded with 0. */
static unsigned int sum16(const unsigned char *b, unsigned int len,
			  unsigned int sum)
{
	for (unsigned int i = 0; i < len; i++) {
		sum += i % 2 ? b[i] : (unsigned int)b[i] << 8;
		while (sum > 0xffff)
			sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

/* The sum over pseudo header and segment: 0xffff if its checksum is right. */
static unsigned int tcp_sum(const unsigned char *ip, const unsigned char *tcp,
			    unsigned int len)
{
	bool ip6 = ip[0] >> 4 == 6;
	unsigned char rest[4] = { 0, TCP, len >> 8, len & 0xff };
	unsigned int sum = ip6 ? sum16(ip + 8, 32, 0) : sum16(ip + 12, 8, 0);

	return sum16(tcp, len, sum16(rest, 4, sum));
}

static void set_checksum(unsigned char *at, unsigned int sum)
{
	at[0] = ~sum >> 8 & 0xff;
	at[1] = ~sum & 0xff;
}

void frame_build(struct frame *f, const struct frame_spec *spec)
{
	unsigned char *ip, *tcp;

	f->len = 0;
	put_ethernet(f, spec);
	ip = f->data + f->len;
	if (spec->ip6)
		put_ip6(f, spec);
	else
		put_ip4(f, spec);
	tcp = f->data + f->len;
	if (!spec->ip6)
		set_checksum(ip + 10, sum16(ip, tcp - ip, 0));
	put_tcp(f, spec);
	set_checksum(tcp + 16, tcp_sum(ip, tcp, f->data + f->len - tcp));
	tcp[17] ^= spec->bad_checksum;
	if (f->len < spec->pad_to)
		put_filled(f, spec->pad_to - f->len, 0);
}

void frame_timestamps(unsigned char *options, unsigned int tsval,
		      unsigned int tsecr)
{
	struct frame f = {};

	put32(&f, 0x0101080a);
	put32(&f, tsval);
	put32(&f, tsecr);
	memcpy(options, f.data, f.len);
}

/* ---- reading ---- */

static unsigned int get16(const unsigned char *b)
{
	return (unsigned int)b[0] << 8 | b[1];
}

static unsigned int get32(const unsigned char *b)
{
	return get16(b) << 16 | get16(b + 2);
}

/* Where the parts of a frame are; each pointer is within it. */
struct parts {
	const unsigned char *ip, *tcp, *end;
	unsigned int vlan_tags;
	bool ip6;
};

static bool find_ip(const unsigned char *data, const unsigned char *end,
		    struct parts *p)
{
	unsigned int type;

	p->vlan_tags = 0;
	for (p->ip = data + 14; p->ip <= end; p->ip += 4, p->vlan_tags++) {
		type = get16(p->ip - 2);
		p->ip6 = type == ETH_IP6;
		if (type != ETH_VLAN && type != ETH_QINQ)
			return p->ip6 || type == ETH_IP;
	}
	return false;
}

static bool find_tcp4(const unsigned char *end, struct parts *p)
{
	if (p->ip + 20 > end || p->ip[0] >> 4 != 4 || p->ip[9] != TCP)
		return false;
	p->tcp = p->ip + (p->ip[0] & 15) * 4;
	p->end = p->ip + get16(p->ip + 2);
	return p->tcp >= p->ip + 20;
}

static bool find_tcp6(const unsigned char *end, struct parts *p)
{
	unsigned int next, len;

	if (p->ip + 40 > end || p->ip[0] >> 4 != 6)
		return false;
	p->end = p->ip + 40 + get16(p->ip + 4);
	p->tcp = p->ip + 40;
	for (next = p->ip[6]; p->tcp + 8 <= end; p->tcp += len) {
		if (next != HOPOPTS && next != ROUTING && next != FRAGMENT &&
		    next != DSTOPTS)
			return next == TCP;
		len = next == FRAGMENT ? 8 : 8 + p->tcp[1] * 8;
		next = p->tcp[0];
	}
	return false;
}

static bool find(const void *data, unsigned int len, struct parts *p)
{
	const unsigned char *end = (const unsigned char *)data + len;

	return len >= 14 && find_ip(data, end, p) &&
	       (p->ip6 ? find_tcp6(end, p) : find_tcp4(end, p)) &&
	       p->end <= end && p->tcp + 20 <= p->end && p->tcp[12] >> 4 >= 5 &&
	       p->tcp + (p->tcp[12] >> 4) * 4 <= p->end;
}

bool frame_checksums_ok(const void *data, unsigned int len)
{
	struct parts p;

	if (!find(data, len, &p))
		return false;
	if (!p.ip6 && sum16(p.ip, (p.ip[0] & 15) * 4, 0) != 0xffff)
		return false;
	return tcp_sum(p.ip, p.tcp, p.end - p.tcp) == 0xffff;
}

static void read_timestamps(const unsigned char *option, struct frame_reply *r)
{
	r->timestamps = true;
	r->tsval = get32(option + 2);
	r->tsecr = get32(option + 6);
}

static void read_options(const unsigned char *b, const unsigned char *end,
			 struct frame_reply *r)
{
	r->wscale = -1;
	for (; b < end && *b; b += *b == 1 ? 1 : b[1]) {
		if (*b == 1)
			continue;
		if (b + 2 > end || b[1] < 2 || b + b[1] > end)
			return;
		if (b[0] == 2 && b[1] == 4)
			r->mss = get16(b + 2);
		else if (b[0] == 3 && b[1] == 3)
			r->wscale = b[2];
		else if (b[0] == 4 && b[1] == 2)
			r->sack = true;
		else if (b[0] == 8 && b[1] == 10)
			read_timestamps(b, r);
	}
}

static void read_ip(const struct parts *p, struct frame_reply *r)
{
	unsigned int size = p->ip6 ? 16 : 4;
	const unsigned char *src = p->ip + (p->ip6 ? 8 : 12);

	memcpy(r->src, src, size);
	memcpy(r->dst, src + size, size);
	r->ip6 = p->ip6;
	r->ttl = p->ip[p->ip6 ? 7 : 8];
	r->df = !p->ip6 && p->ip[6] & 0x40;
	r->ip_len = p->end - p->ip;
}

static void read_tcp(const struct parts *p, struct frame_reply *r)
{
	const unsigned char *tcp = p->tcp;
	unsigned int header = (tcp[12] >> 4) * 4;

	r->sport = get16(tcp);
	r->dport = get16(tcp + 2);
	r->seq = get32(tcp + 4);
	r->ack = get32(tcp + 8);
	r->flags = tcp[13];
	r->window = get16(tcp + 14);
	r->options_len = header - 20;
	r->payload = p->end - tcp - header;
	read_options(tcp + 20, tcp + header, r);
}

bool frame_read(const void *data, unsigned int len, struct frame_reply *ret_r)
{
	struct frame_reply r = {};
	struct parts p;

	if (!find(data, len, &p))
		return false;
	memcpy(r.dst_mac, data, 6);
	memcpy(r.src_mac, (const unsigned char *)data + 6, 6);
	r.vlan_tags = p.vlan_tags;
	read_ip(&p, &r);
	read_tcp(&p, &r);
	*ret_r = r;
	return true;
}
