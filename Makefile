# SPDX-License-Identifier: GPL-2.0-or-later
#
# synward: the XDP and TC programs, their loader, and their tests.
# Sources are found by wildcard and everything made goes into build/;
# the only generated source is the libbpf skeleton.

VERSION := 0.1.0
PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin

CLANG ?= clang
CLANG_FORMAT ?= clang-format
BPFTOOL ?= $(firstword $(shell command -v bpftool) /usr/sbin/bpftool)
CFLAGS ?= -O2 -g

ARCH_INCLUDE := /usr/include/$(shell $(CC) -dumpmachine 2>/dev/null)
WARN := -Wall -Wextra -Werror
CPPFLAGS_ALL := -Iinclude -Ibuild -DSW_VERSION='"$(VERSION)"' -D_GNU_SOURCE \
	-MMD -MP $(CPPFLAGS)
CFLAGS_ALL := -std=gnu11 $(WARN) $(CFLAGS)

# Hardening is user space's: BPF has the verifier.
HARDEN_CFLAGS := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE \
	-fstack-clash-protection
HARDEN_LDFLAGS := -pie -Wl,-z,relro,-z,now

BPF_CFLAGS := -std=gnu11 $(WARN) -Wno-unused-parameter -O2 -g \
	-target bpf -mcpu=v3 -MMD -MP -Ivmlinux -Iinclude
# The bench's programs have no part in the contract and use the user API.
BENCH_BPF_CFLAGS := -std=gnu11 $(WARN) -O2 -g -target bpf -mcpu=v3 -MMD -MP \
	-Iinclude -I$(ARCH_INCLUDE)

LIBS := -lbpf -lmnl -lsodium -ljansson
TEST_LIBS := $(LIBS) -lcmocka

USER_OBJ := $(patsubst %.c,build/%.o,$(wildcard user/*.c))
# All of user space but main(), for tests to link.
LIB_OBJ := $(filter-out build/user/main.o,$(USER_OBJ))
TEST_LIB_OBJ := $(patsubst %.c,build/%.o,$(wildcard tests/lib/*.c))
UNIT := $(patsubst %.c,build/%,$(wildcard tests/unit/*.c))
PROG := $(patsubst %.c,build/%,$(wildcard tests/prog/*.c))
BENCH := $(patsubst %.c,build/%,$(wildcard tests/bench/*.c))
HELPER_BPF := $(patsubst %.c,build/%.o,$(wildcard tests/*/*.bpf.c))
BENCH := $(filter-out %.bpf,$(BENCH))
PROG := $(filter-out %.bpf,$(PROG))
UNIT := $(filter-out %.bpf,$(UNIT))

.PHONY: all tests test bench lint format install uninstall clean help
.DELETE_ON_ERROR:
.PRECIOUS: build/tests/%.o build/tests/%.bpf.o build/tests/%.skel.h

all: build/synward ## build build/synward (default)

build/synward: $(USER_OBJ)
	$(CC) $(CFLAGS_ALL) $(HARDEN_CFLAGS) $^ -o $@ \
		$(LDFLAGS) $(HARDEN_LDFLAGS) $(LIBS)

build/user/%.o: user/%.c | build/synward.skel.h
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(HARDEN_CFLAGS) -c $< -o $@

build/synward.bpf.o: bpf/synward.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c $< -o $@

build/synward.skel.h: build/synward.bpf.o
	$(BPFTOOL) gen skeleton $< name synward > $@

# ---- tests ----

tests: build/synward $(UNIT) $(PROG) $(BENCH) $(HELPER_BPF) ## build all tests

test: ## build and run every test (as root; see scripts/test)
	./scripts/test

# The pure headers run on the host under sanitizers, so clang and ASan here.
build/tests/unit/%: tests/unit/%.c $(wildcard user/*.c) | build/synward.skel.h
	@mkdir -p $(@D)
	$(CLANG) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -Ibpf -Iuser -Itests/lib \
		-fsanitize=address,undefined -fno-sanitize-recover=all \
		-MF $@.d $< $(filter-out user/main.c,$(wildcard user/*.c)) \
		-o $@ $(TEST_LIBS)

build/tests/prog/%: build/tests/prog/%.o $(TEST_LIB_OBJ) $(LIB_OBJ)
	$(CC) $(CFLAGS_ALL) $^ -o $@ $(LDFLAGS) $(TEST_LIBS)

build/tests/bench/%: build/tests/bench/%.o
	$(CC) $(CFLAGS_ALL) $^ -o $@ $(LDFLAGS) -lbpf

build/tests/%.bpf.o: tests/%.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BENCH_BPF_CFLAGS) -c $< -o $@

build/tests/%.skel.h: build/tests/%.bpf.o
	$(BPFTOOL) gen skeleton $< name $(basename $(notdir $*)) > $@

build/tests/%.o: tests/%.c | build/synward.skel.h
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -Ibpf -Iuser -Itests/lib \
		-I$(@D) -c $< -o $@

# A test program that has a BPF program of its own name includes its skeleton.
define skeleton_rule
build/$(basename $(basename $(1))).o: | build/$(basename $(basename $(1))).skel.h
endef
$(foreach b,$(wildcard tests/*/*.bpf.c),$(eval $(call skeleton_rule,$(b))))

bench: tests ## clients under a paced flood of 200,000 SYN/s
	./tests/bench/flood.sh

# ---- house ----

FORMATTED := $(wildcard bpf/*.[ch] include/*.h user/*.[ch] tests/*/*.[ch])
SHELL_SCRIPTS := $(shell grep -lE '^\#!.*(bash|/sh)' scripts/* tests/*/* .ci/* \
	2>/dev/null)

lint: ## formatting, shell scripts, and that generated files are not kept
	./scripts/lint

format: ## rewrite sources in the house's format
	$(CLANG_FORMAT) -i $(FORMATTED)

print-%:
	@echo $($*)

install: build/synward ## install into $(DESTDIR)$(PREFIX)
	install -D -m 0755 build/synward $(DESTDIR)$(SBINDIR)/synward

uninstall: ## take away what install put there
	rm -f $(DESTDIR)$(SBINDIR)/synward

clean: ## remove build/
	rm -rf build

help: ## this
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1	\2/p' $(MAKEFILE_LIST)

-include $(shell find build -name '*.d' 2>/dev/null)
