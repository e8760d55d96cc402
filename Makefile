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
# The tests' own programs use the user API only.
TEST_BPF_CFLAGS := -std=gnu11 $(WARN) -Wno-unused-parameter -O2 -g \
	-target bpf -mcpu=v3 -MMD -MP -I$(ARCH_INCLUDE)

LIBS := -lbpf -lmnl -lsodium -ljansson
TEST_LIBS := $(LIBS) -lcmocka -lm

USER_SRC := $(wildcard user/*.c)
USER_OBJ := $(USER_SRC:%.c=build/%.o)
# All of user space but main(), for tests to link.
LIB_SRC := $(filter-out user/main.c,$(USER_SRC))
LIB_OBJ := $(LIB_SRC:%.c=build/%.o)

TEST_LIB_SRC := $(wildcard tests/lib/*.c)
TEST_BPF_SRC := $(wildcard tests/*/*.bpf.c)
programs = $(patsubst %.c,build/%,$(filter-out %.bpf.c,$(wildcard $(1))))
UNIT := $(call programs,tests/unit/*.c)
PROG := $(call programs,tests/prog/*.c)
TOOLS := $(call programs,tests/bench/*.c tests/net/*.c)
# What runs frames as prog tests do is linked as they are.
RUNS := $(PROG) build/tests/bench/cost

.PHONY: all tests test bench budget lint format install uninstall clean help
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

tests: build/synward $(UNIT) $(PROG) $(TOOLS) $(TEST_BPF_SRC:%.c=build/%.o) ## build all tests

test: ## build and run every test (as root; see scripts/test)
	./scripts/test

# Units run under sanitizers, so clang, and user space once more for them.
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
UNIT_OBJ := $(LIB_SRC:%.c=build/sanitized/%.o) $(TEST_LIB_SRC:%.c=build/sanitized/%.o)

build/sanitized/%.o: %.c | build/synward.skel.h
	@mkdir -p $(@D)
	$(CLANG) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(SANITIZE) -Ibpf -Iuser \
		-Itests/lib -c $< -o $@

$(UNIT): build/%: build/sanitized/%.o $(UNIT_OBJ)
	@mkdir -p $(@D)
	$(CLANG) $(CFLAGS_ALL) $(SANITIZE) $^ -o $@ $(TEST_LIBS)

$(RUNS): build/tests/%: build/tests/%.o $(TEST_LIB_SRC:%.c=build/%.o) $(LIB_OBJ)
	$(CC) $(CFLAGS_ALL) $^ -o $@ $(LDFLAGS) $(TEST_LIBS)

$(filter-out $(RUNS),$(TOOLS)): build/tests/%: build/tests/%.o
	$(CC) $(CFLAGS_ALL) $^ -o $@ $(LDFLAGS) -lbpf

# Asks of the kernel what attaching asks.
build/tests/bench/budget: build/user/kernel.o build/user/log.o

# One takes synward's own code apart.
build/tests/bench/steps.bpf.o: TEST_BPF_CFLAGS := $(BPF_CFLAGS) -Ibpf

build/tests/%.bpf.o: tests/%.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(TEST_BPF_CFLAGS) -c $< -o $@

build/tests/%.skel.h: build/tests/%.bpf.o
	$(BPFTOOL) gen skeleton $< name $(basename $(notdir $*)) > $@

build/tests/%.o: tests/%.c | build/synward.skel.h
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -Ibpf -Iuser -Itests/lib \
		-I$(@D) -c $< -o $@

# A test program that has a BPF program of its own name includes its skeleton.
$(foreach b,$(TEST_BPF_SRC:%.bpf.c=build/%),$(eval $(b).o: | $(b).skel.h))
build/tests/bench/cost.o: | build/tests/bench/steps.skel.h

BENCH ?= full
bench: tests ## all that is measured, beside what was aimed at; or BENCH=quick
	./tests/bench/run.sh --$(BENCH)

budget: build/tests/bench/budget ## verifier's work and program sizes, none over 10 % above budget.txt
	build/tests/bench/budget tests/bench/budget.txt

# ---- house ----

FORMATTED := $(wildcard bpf/*.[ch] include/*.h user/*.[ch] tests/*/*.[ch])
lint: ## formatting, shell scripts, licence lines; as root also the budget
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
