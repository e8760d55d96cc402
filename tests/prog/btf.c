/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Holds vmlinux/vmlinux.h, as it got into the object's BTF, against the
 * running kernel: what CO-RE looks for is there and of the same kind, the
 * user API's structs have the same layout, and the kfunc takes what we hand
 * it. Wants no namespace: nothing is loaded.
 */
#include "unit.h"

#include <bpf/btf.h>
#include <err.h>
#include <linux/types.h>
#include <stdbool.h>

#include "synward.skel.h"

#define TCX_INGRESS 46 /* what user space attaches with */

static struct btf *ours, *theirs;

/* ---- finding things ---- */

static const struct btf_type *plain(const struct btf *btf, __u32 id)
{
	return btf__type_by_id(btf, btf__resolve_type(btf, id));
}

static const char *name_of(const struct btf *btf, const struct btf_type *t)
{
	return btf__name_by_offset(btf, t->name_off);
}

static const struct btf_type *find(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);

	return id < 0 ? NULL : btf__type_by_id(btf, id);
}

struct member {
	const struct btf *btf;
	const struct btf_type *type;
	unsigned int offset; /* bits */
	unsigned int width;  /* of a bit field, or 0 */
};

/* Finds a member, also inside unnamed structs and unions, as C does. */
static bool find_member(const struct btf *btf, const struct btf_type *in,
			const char *name, unsigned int base, struct member *ret)
{
	const struct btf_member *m = btf_members(in);

	for (__u32 i = 0; i < btf_vlen(in); i++, m++) {
		const char *it = btf__name_by_offset(btf, m->name_off);
		unsigned int at = base + btf_member_bit_offset(in, i);
		const struct btf_type *t = plain(btf, m->type);

		if (!strcmp(it, name)) {
			*ret = (struct member){
				btf, t, at, btf_member_bitfield_size(in, i)
			};
			return true;
		}
		if (!*it && btf_is_composite(t) &&
		    find_member(btf, t, name, at, ret))
			return true;
	}
	return false;
}

/* ---- comparing ---- */

/* Forward declarations are structs that one side does not look into. */
static int kind_of(const struct btf_type *t)
{
	int kind = btf_kind(t);

	if (kind == BTF_KIND_UNION || kind == BTF_KIND_FWD)
		return BTF_KIND_STRUCT;
	return kind == BTF_KIND_ENUM ? BTF_KIND_INT : kind;
}

/* A composite's size may differ: CO-RE finds its members by themselves. */
static bool same_size(const struct member *a, const struct member *b)
{
	if (btf_is_composite(a->type) || a->width || b->width)
		return true;
	if (btf_is_array(a->type))
		return btf__resolve_size(a->btf, btf_array(a->type)->type) ==
			       btf__resolve_size(b->btf,
						 btf_array(b->type)->type) &&
		       btf_array(a->type)->nelems <= btf_array(b->type)->nelems;
	return btf_is_ptr(a->type) || a->type->size == b->type->size;
}

static bool same_name(const struct member *a, const struct member *b)
{
	return !btf_is_struct(a->type) ||
	       !strcmp(name_of(a->btf, a->type), name_of(b->btf, b->type));
}

static bool same_kind(const struct member *a, const struct member *b)
{
	return kind_of(a->type) == kind_of(b->type) && same_size(a, b) &&
	       same_name(a, b);
}

/* Read under bpf_core_field_exists(). */
static bool is_optional(const char *in, const char *member)
{
	return !strcmp(in, "tcp_sock") &&
	       (!strcmp(member, "is_mptcp") || !strcmp(member, "md5sig_info") ||
		!strcmp(member, "ao_info"));
}

static bool check_members(const char *name, bool layout)
{
	const struct btf_type *our = find(ours, name);
	const struct btf_type *their = find(theirs, name);
	const struct btf_member *m;
	bool right = true;

	if (!our || !their) {
		print_error("struct %s: %s\n", name,
			    our ? "the kernel has none" : "not in our BTF");
		return false;
	}
	m = btf_members(our);
	for (__u32 i = 0; i < btf_vlen(our); i++, m++) {
		const char *field = btf__name_by_offset(ours, m->name_off);
		struct member a = { ours, plain(ours, m->type),
				    btf_member_bit_offset(our, i),
				    btf_member_bitfield_size(our, i) };
		struct member b;

		if (!*field)
			continue;
		if (!find_member(theirs, their, field, 0, &b)) {
			if (layout || !is_optional(name, field)) {
				print_error("%s.%s: gone\n", name, field);
				right = false;
			}
			continue;
		}
		if (!same_kind(&a, &b) ||
		    (layout && (a.offset != b.offset || a.width != b.width))) {
			print_error("%s.%s: changed\n", name, field);
			right = false;
		}
	}
	return right;
}

/* ---- the kernel's own structs ---- */

static const struct internal {
	const char *name; /* of the test and of the struct */
} internals[] = {
	{ "list_head" },
	{ "netns_ipv4" },
	{ "net" },
	{ "in_ifaddr" },
	{ "in_device" },
	{ "inet6_ifaddr" },
	{ "inet6_dev" },
	{ "net_device" },
	{ "xdp_rxq_info" },
	{ "xdp_buff" },
	{ "sock_common" },
	{ "sock_reuseport" },
	{ "sock" },
	{ "tcp_sock" },
	{ "request_sock_queue" },
	{ "bpf_tcp_req_attrs" },
	{ "inet_connection_sock" },
	{ "tcp_options_received" },
	{ "tcp_request_sock" },
	{ "nf_hook_entry" },
	{ "nf_hook_entries" },
	{ "nf_hook_ops" },
	{ "netns_nf" },
	{ "nf_tcp_net" },
	{ "nf_ip_net" },
	{ "netns_ct" },
};

static void is_in_the_kernel(void **state)
{
	const struct internal *row = *state;

	assert_true(check_members(row->name, false));
}

static const char *const apis[] = {
	"xdp_md", "__sk_buff", "bpf_sock", "bpf_sock_tuple", "ethhdr",
	"iphdr",  "in6_addr",  "ipv6hdr",  "tcphdr",
};

/* Our listener is not the kernel's; of bpf_timer only the size matters. */
static const char *const namesakes[] = { "listener", "bpf_timer" };

static void user_api_has_the_same_layout(void **state)
{
	bool right = true;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(apis); i++)
		if (find(ours, apis[i]) && find(theirs, apis[i]))
			right &= check_members(apis[i], true);
	assert_true(right);
	assert_int_equal(find(ours, "bpf_timer")->size,
			 find(theirs, "bpf_timer")->size);
}

/* Every struct of ours that the kernel has too is in one of the lists. */
static bool is_listed(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(internals); i++)
		if (!strcmp(internals[i].name, name))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(apis); i++)
		if (!strcmp(apis[i], name))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(namesakes); i++)
		if (!strcmp(namesakes[i], name))
			return true;
	return false;
}

static void no_struct_is_left_out(void **state)
{
	bool right = true;

	(void)state;
	for (__u32 id = 1; id < btf__type_cnt(ours); id++) {
		const struct btf_type *t = btf__type_by_id(ours, id);
		const char *name = name_of(ours, t);

		if (!btf_is_struct(t) || !*name || !find(theirs, name) ||
		    is_listed(name))
			continue;
		print_error("struct %s is compared by nobody\n", name);
		right = false;
	}
	assert_true(right);
}

static void attrs_have_the_same_layout(void **state)
{
	(void)state;
	assert_true(check_members("bpf_tcp_req_attrs", true));
	assert_int_equal(find(ours, "bpf_tcp_req_attrs")->size,
			 find(theirs, "bpf_tcp_req_attrs")->size);
}

/* ---- functions and constants ---- */

static const struct btf_type *prototype(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);

	if (id < 0)
		fail_msg("%s: not there", name);
	return btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
}

static const struct btf_type *pointed_at(const struct btf *btf,
					 const struct btf_type *t)
{
	return btf_is_ptr(t) ? plain(btf, t->type) : t;
}

/* What a program gets as its context the kernel calls by another name. */
static bool same_context(const char *our, const char *their)
{
	return !strcmp(our, "__sk_buff") && !strcmp(their, "sk_buff");
}

static bool same_parameter(__u32 our, __u32 their)
{
	const struct btf_type *a = plain(ours, our), *b = plain(theirs, their);
	const char *na, *nb;

	if (btf_kind(a) != btf_kind(b))
		return false;
	if (!btf_is_ptr(a))
		return a->size == b->size;
	na = name_of(ours, pointed_at(ours, a));
	nb = name_of(theirs, pointed_at(theirs, b));
	return !strcmp(na, nb) || same_context(na, nb);
}

static void kfunc_takes_what_we_hand_it(void **state)
{
	const char *name = "bpf_sk_assign_tcp_reqsk";
	const struct btf_type *a = prototype(ours, name);
	const struct btf_type *b = prototype(theirs, name);

	(void)state;
	assert_int_equal(btf_vlen(a), btf_vlen(b));
	for (__u32 i = 0; i < btf_vlen(a); i++)
		if (!same_parameter(btf_params(a)[i].type,
				    btf_params(b)[i].type))
			fail_msg("%s: parameter %u changed", name, i);
	assert_true(same_parameter(a->type, b->type));
}

static void context_cast_is_there(void **state)
{
	(void)state;
	assert_int_equal(btf_vlen(prototype(theirs, "bpf_cast_to_kern_ctx")),
			 btf_vlen(prototype(ours, "bpf_cast_to_kern_ctx")));
}

static bool enum_value(const char *type, const char *name, __s32 *ret)
{
	int id = btf__find_by_name_kind(theirs, type, BTF_KIND_ENUM);
	const struct btf_type *t;

	if (id < 0)
		return false;
	t = btf__type_by_id(theirs, id);
	for (__u32 i = 0; i < btf_vlen(t); i++) {
		const struct btf_enum *e = &btf_enum(t)[i];

		if (strcmp(btf__name_by_offset(theirs, e->name_off), name))
			continue;
		*ret = e->val;
		return true;
	}
	return false;
}

static const struct constant {
	const char *name, *type;
	__s32 value;
} constants[] = {
	{ "BPF_TCX_INGRESS", "bpf_attach_type", TCX_INGRESS },
	{ "BPF_MAP_TYPE_HASH", "bpf_map_type", 1 },
	{ "BPF_MAP_TYPE_ARRAY", "bpf_map_type", 2 },
	{ "BPF_MAP_TYPE_PERCPU_ARRAY", "bpf_map_type", 6 },
	{ "XDP_DROP", "xdp_action", 1 },
	{ "XDP_PASS", "xdp_action", 2 },
	{ "XDP_TX", "xdp_action", 3 },
	{ "TCX_NEXT", "tcx_action_base", -1 },
	{ "TCX_DROP", "tcx_action_base", 2 },
};

static void constant_is(void **state)
{
	const struct constant *row = *state;
	__s32 value;

	assert_true(enum_value(row->type, row->name, &value));
	assert_int_equal(value, row->value);
}

static void open_btf(void)
{
	size_t size;
	const void *elf = synward__elf_bytes(&size);
	struct bpf_object *object = bpf_object__open_mem(elf, size, NULL);

	if (!object)
		err(1, "open the object");
	ours = bpf_object__btf(object);
	theirs = btf__load_vmlinux_btf();
	if (!ours || !theirs)
		err(1, "BTF");
}

int main(void)
{
	static struct table t;

	open_btf();
	table_rows(&t, internals, is_in_the_kernel);
	table_case(&t, "the user API's structs have the same layout",
		   user_api_has_the_same_layout, NULL);
	table_case(&t, "no struct that the kernel has is left out",
		   no_struct_is_left_out, NULL);
	table_case(&t, "the kfunc's attributes have the same layout",
		   attrs_have_the_same_layout, NULL);
	table_case(&t, "bpf_sk_assign_tcp_reqsk takes what we hand it",
		   kfunc_takes_what_we_hand_it, NULL);
	table_case(&t, "bpf_cast_to_kern_ctx is there", context_cast_is_there,
		   NULL);
	table_rows(&t, constants, constant_is);
	return table_run(&t, "btf");
}
