#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The keys command, key files, and where key material lies and where not.

load net

setup_file()
{
	net_up
	start_server 8080
	"${in_srv[@]}" ip link add more type veth peer name more2
	"${in_srv[@]}" ip link set more up
	for name in key other; do
		(umask 077 && head -c 32 /dev/urandom >"$stage/$name")
	done
	(umask 077 && base64 "$stage/key" >"$stage/key.base64")
}

teardown_file()
{
	net_down
}

teardown()
{
	synward detach --all --grace 0 >/dev/null 2>&1 || true
	other_synward detach --all --grace 0 >/dev/null 2>&1 || true
	rm -rf "$stage/bad"
}

# Another machine, as far as keys go.
other_synward()
{
	"${in_srv[@]}" "$NETNS_BUILD/synward" --pin-dir "$pins/other" "$@"
}

epoch()
{
	"$tools/epoch" "$pin_dir/maps/sw_config" "$@"
}

# key_of GENERATION [COMMAND]: its fingerprint
key_of()
{
	"${2:-synward}" -j keys |
		jq -er ".keys[] | select(.generation == $1) | .fingerprint"
}

# field_of GENERATION FIELD
field_of()
{
	synward -j keys | jq -r ".keys[] | select(.generation == $1) | .$2"
}

# slot_words SLOT: the key words in one of sw_keys' two entries
slot_words()
{
	bpftool -j map dump pinned "$pin_dir/secret/sw_keys" |
		jq -c "[.[$1].formatted.value.key[] | .k0, .k1]"
}

@test "rotate says when the new key takes over and until when the old one's cookies are valid" {
	synward attach srv
	run synward keys rotate
	echo "$output"
	[ "$status" = 0 ]
	[ "${#lines[@]}" = 1 ]
	[[ $output =~ ^"generation 2 ($(key_of 2), random) takes over at epoch "[0-9]+" (in "([12]" min "[0-9]+" s"|[0-9]+" s")"); cookies of generation 1 are valid until "[0-9-]+" "[0-9:]+$ ]]
}

@test "rotate -q says nothing" {
	synward attach srv
	run synward -q keys rotate
	[ "$status" = 0 ]
	[ -z "$output" ]
}

@test "keys tells generation, source, whether in force, from when, and when a rotate is possible" {
	synward attach srv
	run synward keys
	[[ $output == *"generation 1  $(key_of 1)  in force"* ]]
	[[ $output =~ "random, made" ]]
	[[ $output == *"rotate: possible now"* ]]
	epoch begin 1
	synward keys rotate --key-file "$stage/key"
	run synward keys
	echo "$output"
	[[ $output == *"generation 1  $(key_of 1)  in force"* ]]
	[[ $output == *"generation 2  $(key_of 2)  not in force"* ]]
	[[ $output =~ "from a file, made" ]]
	[[ $output == *"takes over at epoch $(($(epoch) + 2)), in "* ]]
	[[ $output =~ "rotate: possible again in 3 min"|"rotate: possible again in 2 min" ]]
	epoch begin 2
	run synward keys
	echo "$output"
	[[ $output == *"generation 1  $(key_of 1)  not in force"* ]]
	[[ $output == *"generation 2  $(key_of 2)  in force"* ]]
	epoch begin 1
	synward keys | grep -q "rotate: possible now"
}

# The members of the document, sorted.
members()
{
	jq -c '[keys[], (.keys[] | keys[])] | unique'
}

@test "keys -j and keys rotate -j have every member, null where there is none" {
	synward attach srv
	synward -j keys >"$stage/before"
	synward -j keys rotate >"$stage/rotated"
	synward -j keys >"$stage/after"
	jq -e '.schema == 1 and .rotate_possible_in_seconds == 0
		and (.keys | length) == 1 and .keys[0].source == "random"
		and .keys[0].last_epoch == null
		and .keys[0].valid_until == null
		and .epoch_ends_in_seconds > 0' "$stage/before"
	for file in "$stage/rotated" "$stage/after"; do
		[ "$(members <"$file")" = "$(members <"$stage/before")" ]
		jq -e '.schema == 1 and .rotate_possible_in_seconds > 130
			and (.keys | length) == 2
			and .keys[0].in_force and (.keys[1].in_force | not)
			and .keys[0].last_epoch + 1 == .keys[1].first_epoch
			and .keys[1].first_epoch_in_seconds > 60
			and .keys[0].valid_until > .keys[0].made
			and .keys[1].last_epoch == null' "$file"
	done
}

@test "rotate is refused until the old key's cookies are dead, and says for how long" {
	synward attach srv
	epoch begin 1
	synward keys rotate
	before=$(slot_words 1)
	for n in 0 1 1; do
		epoch begin $n
		fails 2 "generation 1 .*possible again in [0-9]+ s" keys rotate
	done
	[ "$(slot_words 1)" = "$before" ]
	epoch end 20000
	fails 2 "possible again in (20|1[0-9]|[0-9]) s" keys rotate
	epoch begin 1
	synward keys rotate
	[ "$(field_of 2 in_force)" = true ]
	[ "$(field_of 3 in_force)" = false ]
}

# at_lock PID: has it opened the directory whose lock it needs?
at_lock()
{
	[ -n "$(find "/proc/$1/fd" -lname "$pin_dir")" ]
}

@test "rotate waits for who else is changing something" {
	synward attach srv
	coproc LOCK { exec flock "$pin_dir" sh -c "echo locked; exec cat"; }
	locking=$LOCK_PID
	read -r -t 10 -u "${LOCK[0]}" line
	"${in_srv[@]}" "$NETNS_BUILD/synward" --pin-dir "$pin_dir" \
		keys rotate 3>&- &
	rotating=$!
	remember_pid $rotating
	wait_for 10 at_lock $rotating
	[ "$(synward -j keys | jq '.keys | length')" = 1 ]
	eval "exec ${LOCK[1]}>&-"
	wait $rotating
	wait "$locking"
	[ "$(synward -j keys | jq '.keys | length')" = 2 ]
}

@test "no key lies in the kernel twice, or after it has left the ring" {
	synward attach srv
	first=$(slot_words 0)
	synward keys rotate
	[ "$(slot_words 0)" = "[0,0,0,0]" ]
	[ "$(slot_words 1 | jq -c '.[:2]')" = "$(jq -c '.[:2]' <<<"$first")" ]
	second=$(slot_words 1)
	epoch begin 3
	synward keys rotate
	[ "$(slot_words 1)" = "[0,0,0,0]" ]
	[ "$(slot_words 0 | jq -c '.[:2]')" = "$(jq -c '.[2:]' <<<"$second")" ]
	[ "$(slot_words 0 | jq 'unique | length')" = 4 ]
}

# ---- key files ----

@test "machines with one key file have the same keys, raw or in base64" {
	synward attach srv --key-file "$stage/key"
	other_synward attach more --key-file "$stage/key.base64"
	[ "$(key_of 1)" = "$(key_of 1 other_synward)" ]
	synward keys rotate --key-file "$stage/key.base64"
	other_synward keys rotate --key-file "$stage/key"
	[ "$(key_of 2)" = "$(key_of 2 other_synward)" ]
	[ "$(key_of 1)" != "$(key_of 2)" ]
}

@test "machines with other key files, or with none, have other keys" {
	synward attach srv --key-file "$stage/key"
	other_synward attach more --key-file "$stage/other"
	[ "$(key_of 1)" != "$(key_of 1 other_synward)" ]
	other_synward detach more --grace 0
	other_synward attach more
	random=$(key_of 1 other_synward)
	[ "$(key_of 1)" != "$random" ]
	other_synward detach more --grace 0
	other_synward attach more
	[ "$(key_of 1 other_synward)" != "$random" ]
}

# begin_hold: four handshakes up to the SYN-ACK, once in a test; see held.py
begin_hold()
{
	coproc HELD {
		env RAW_DEV=atk "RAW_MAC=$srv_mac" RAW_PORT=8080 \
			RAW_SRC=192.0.2.77 "RAW_DST=$srv4" \
			RAW_SRC6=2001:db8:1::77 "RAW_DST6=$srv6" \
			"${in_atk[@]}" /usr/bin/python3 \
			"$BATS_TEST_DIRNAME/held.py" 1 \
			$((20000 + BATS_TEST_NUMBER * 400))
	}
	held=$HELD_PID
	read -r -t 60 -u "${HELD[0]}" line
	[ "$line" = "held 4" ]
}

# tell_hold WORD: prints the answer; see held.py
tell_hold()
{
	echo "$1" >&"${HELD[1]}"
	read -r -t 60 -u "${HELD[0]}" line
	echo "$line"
}

end_hold()
{
	eval "exec ${HELD[1]}>&-"
	wait "$held"
}

@test "who is attached anew with the same key file honours cookies from before" {
	synward attach srv --mode always --key-file "$stage/key"
	begin_hold
	synward detach srv --grace 0
	synward attach srv --mode always --key-file "$stage/key"
	# as under a flood: a service that has issued no cookie expects none
	[ "$(raw_client syn)" = SA ]
	[ "$(tell_hold finish)" = 4 ]
	end_hold
	[ "$(counter tc_socket_made)" = 4 ]
}

@test "who is attached anew with another key does not" {
	synward attach srv --mode always --key-file "$stage/key"
	begin_hold
	synward detach srv --grace 0
	synward attach srv --mode always --key-file "$stage/other"
	[ "$(raw_client syn)" = SA ]
	for n in 1 2 3 4; do
		[ "$(tell_hold ack)" = sent ]
		wait_for 5 counted ack_bad $n
	done
	end_hold
	[ "$(counter tc_socket_made)" = 0 ]
}

@test "a random key does not follow a file's, and the cure is said" {
	synward attach srv --key-file "$stage/key"
	before=$(slot_words 0)
	fails 2 "generation 1 came from a file.*keys rotate --key-file" \
		keys rotate
	[ "$(slot_words 0)" = "$before" ]
	synward keys rotate --key-file "$stage/other"
	epoch begin 3
	fails 2 "generation 2 came from a file" keys rotate
}

@test "a file's key follows a random one" {
	synward attach srv
	synward keys rotate --key-file "$stage/key"
	[ "$(field_of 1 source)" = random ]
	[ "$(field_of 2 source)" = file ]
	epoch begin 3
	synward keys rotate --key-file "$stage/key"
	[ "$(field_of 3 source)" = file ]
	[ "$(field_of 2 source)" = file ]
}

@test "a second interface may name the key file that is in force, or none" {
	synward attach srv --key-file "$stage/key"
	synward attach more --key-file "$stage/key.base64"
	synward detach more --grace 0
	synward attach more
}

@test "a second interface with another key file is refused, with the cure" {
	for options in "" "--key-file $stage/key"; do
		# shellcheck disable=SC2086 # words
		synward attach srv $options
		before=$(key_of 1)
		fails 2 "--key-file $stage/other: .*in force.*keys rotate --key-file $stage/other" \
			attach more --key-file "$stage/other"
		[ "$(synward -j status | jq '.interfaces | length')" = 1 ]
		[ "$(key_of 1)" = "$before" ]
		synward detach srv --grace 0
	done
}

@test "a second interface may name the key file that is about to take over, or did" {
	synward attach srv --key-file "$stage/key"
	synward keys rotate --key-file "$stage/other"
	for file in key other; do
		synward attach more --key-file "$stage/$file"
		synward detach more --grace 0
	done
	epoch begin 2
	synward attach more --key-file "$stage/other"
	synward detach more --grace 0
	fails 2 "keys rotate --key-file" attach more --key-file "$stage/key"
}

# bad_files: one of each kind below $stage/bad
bad_files()
{
	install -d -m 0700 "$stage/bad"
	(
		umask 077
		cd "$stage/bad" || exit 1
		head -c 32 /dev/zero >zero
		head -c 32 /dev/zero | base64 >zero64
		head -c 31 /dev/urandom >short
		head -c 33 /dev/urandom >long
		head -c 31 /dev/urandom | base64 >short64
		: >empty
		cp "$stage/key" group && chmod 0640 group
		cp "$stage/key" others && chmod 0604 others
		cp "$stage/key" theirs && chown 65534 theirs
		ln -s "$stage/key" link
		mkfifo pipe
		mkdir dir
	)
}

# Each kind, what its message must say, and the cure.
bad_kinds=(
	"zero:all zero.*head -c 32 /dev/urandom >"
	"zero64:all zero.*head -c 32 /dev/urandom >"
	"short:32 bytes.*head -c 32 /dev/urandom >"
	"long:32 bytes.*head -c 32 /dev/urandom >"
	"short64:32 bytes.*head -c 32 /dev/urandom >"
	"empty:32 bytes.*head -c 32 /dev/urandom >"
	"group:mode 0640.*chmod 0600 "
	"others:mode 0604.*chmod 0600 "
	"theirs:uid 65534.*chown root "
	"link:symbolic link"
	"pipe:no regular file"
	"dir:no regular file"
	"nosuch:no such file.*head -c 32 /dev/urandom >"
)

@test "attach with a bad key file says what is bad and the cure, and changes nothing" {
	bad_files
	for kind in "${bad_kinds[@]}"; do
		fails 2 "--key-file $stage/bad/${kind%%:*}: .*${kind#*:}" \
			attach srv --key-file "$stage/bad/${kind%%:*}"
		[ ! -e "$pin_dir" ]
	done
}

@test "rotate with a bad key file says what is bad and the cure, and changes nothing" {
	synward attach srv
	bad_files
	for kind in "${bad_kinds[@]}"; do
		fails 2 "--key-file $stage/bad/${kind%%:*}: .*${kind#*:}" \
			keys rotate --key-file "$stage/bad/${kind%%:*}"
	done
	[ "$(synward -j keys | jq '.keys | length')" = 1 ]
	[ "$(bpftool -j map dump pinned "$pin_dir/maps/sw_config" |
		jq '.[0].formatted.value.key_slot')" = 0 ]
}

# nobodys: what somebody without privilege is told of a command
nobodys()
{
	install -m 0755 "$NETNS_BUILD/synward" /run/synward-nobody.$NETNS_ID
	run "${in_srv[@]}" setpriv --reuid 65534 --regid 65534 \
		--clear-groups --bounding-set -all --inh-caps -all \
		/run/synward-nobody.$NETNS_ID --pin-dir "$pin_dir" "$@"
	rm -f /run/synward-nobody.$NETNS_ID
	echo "$output"
}

@test "a key file that one is not permitted to read exits 4, as rotate does" {
	synward attach srv
	nobodys keys rotate --key-file "$stage/key"
	[ "$status" = 4 ]
	[[ $output == *"--key-file $stage/key: not permitted"* ]]
	nobodys keys rotate
	[ "$status" = 4 ]
	[ "$(synward -j keys | jq '.keys | length')" = 1 ]
}

# secrets: all that nobody must be shown, one per line: the file's secret and
# the keys in the kernel, their words, in the ways that numbers are written
secrets()
{
	bpftool -j map dump pinned "$pin_dir/secret/sw_keys" >"$stage/dump"
	/usr/bin/python3 - "$stage/key" "$stage/dump" <<-'END'
	import base64, json, sys
	secrets = [open(sys.argv[1], "rb").read()]
	for entry in json.load(open(sys.argv[2])):
	    value = bytes(int(byte, 16) for byte in entry["value"][:32])
	    secrets += [key for key in (value[:16], value[16:]) if any(key)]
	words = [s[i:i + 8] for s in secrets for i in range(0, len(s), 8)]
	for secret in secrets:
	    print(secret.hex())
	    print(base64.b64encode(secret).decode())
	for word in words:
	    print(word.hex())
	    print("%x" % int.from_bytes(word, "little"))
	    print(int.from_bytes(word, "little"))
	END
}

@test "no command shows a secret, however verbose" {
	{
		synward -v attach srv --key-file "$stage/key"
		synward -v keys
		synward -v keys rotate --key-file "$stage/key"
		synward -v attach more --key-file "$stage/other" || true
		synward -v keys rotate --key-file "$stage/key" || true
		synward -v keys
		synward -v -j keys
		synward -v status
	} >"$stage/all" 2>&1
	grep -q "$(key_of 2)" "$stage/all"
	secrets >"$stage/secrets"
	# the file's, and two keys, in two forms; their eight words in three
	[ "$(wc -l <"$stage/secrets")" = 30 ]
	run grep -aiFf "$stage/secrets" "$stage/all"
	echo "$output"
	[ "$status" = 1 ]
}

@test "keys takes rotate or nothing" {
	synward attach srv
	fails 2 "keys \"roll\": expected rotate" keys roll
	fails 2 "--key-file is for keys rotate" keys --key-file "$stage/key"
	fails 2 "keys \"now\": expected nothing behind it" keys rotate now
	fails 2 "--key-file: is no option of status" \
		status --key-file "$stage/key"
	[ "$(synward -j keys | jq '.keys | length')" = 1 ]
}

@test "rotate where nothing is attached exits 3" {
	fails 3 "attach IFACE" keys rotate
	fails 3 "attach IFACE" keys rotate --key-file "$stage/key"
}
