#!/bin/bash
# docker-init: tini's flags, environment, exit statuses and its work as pid 1.
#   init.sh BIN      BIN holds docker-init; everything runs in pid and mount namespaces of its own.
set -u
BIN=$(readlink -f "${1:?usage: init.sh BIN}")
INIT=$BIN/docker-init
T=$(mktemp -d /tmp/slipway-init.XXXXXX)
trap 'rm -rf "$T"' EXIT
N=0 PASSED=0 FAILED=0
is() { # is NAME GOT WANTED
    N=$((N + 1))
    if [ "$2" = "$3" ]; then PASSED=$((PASSED + 1)); echo "ok $N - $1"
    else FAILED=$((FAILED + 1)); echo "not ok $N - $1"; echo "#   got: $2"; echo "#   wanted: $3"; fi
}
status() { "$@" >"$T/out" 2>"$T/err" </dev/null; echo $?; }
alone() { timeout 20 unshare --pid --fork --kill-child --mount --mount-proc --propagation private -- "$@"; } # as pid 1

is "--version names tini's version" "$("$INIT" --version)" "tini version 0.19.0"
is "-h is no error" "$(status "$INIT" -h)" 0
is "-h prints on standard output" "$(grep -c '^Usage: docker-init \[OPTIONS\] PROGRAM -- \[ARGS\] | --version$' "$T/out")" 1
is "-l is no error" "$(status "$INIT" -l)" 0
is "no program is status 1" "$(status "$INIT")" 1
is "no program prints the help on standard error" "$(grep -c '^Usage: ' "$T/err")" 1
is "an unknown option is status 1" "$(status "$INIT" -x)" 1
is "an unknown option is named" "$(sed -n '1s/.*: //p' "$T/err")" "invalid option -- 'x'"
is "--version with more is an option it does not know" "$(status "$INIT" --version x)" 1
is "-e needs a value" "$(status "$INIT" -e; sed -n '1s/.*: //p' "$T/err")" "1
option requires an argument -- 'e'"
is "-p refuses a name it does not know" "$(status "$INIT" -p KILL true)" 1
is "-e refuses 256" "$(status "$INIT" -e 256 true; sed 's/^.*)\] //' "$T/err")" "1
Not a valid option for -e: 256"
is "the program's status is its own" "$(status "$INIT" -s -- sh -c 'exit 7')" 7
is "a signal is 128 and its number" "$(status "$INIT" -s -- sh -c 'kill -9 $$')" 137
is "a missing program is 127" "$(status "$INIT" -s nosuch)" 127
is "a missing program is named" "$(sed 's/^.*)\] //' "$T/err")" "exec nosuch failed: No such file or directory"
is "what cannot be run is 126" "$(status "$INIT" -s /etc)" 126
is "-e makes a status 0" "$(status "$INIT" -s -e 3 -- sh -c 'exit 3')" 0
is "-e takes a signal's status" "$(status "$INIT" -s -e 143 -- sh -c 'kill -15 $$')" 0
is "-e may be given twice" "$(status "$INIT" -se3 -e 4 -- sh -c 'exit 4')" 0
is "options may follow the program" "$("$INIT" echo -s x 2>/dev/null)" x
is "after -- they are the program's" "$("$INIT" -s -- echo -s x 2>/dev/null)" "-s x"
status "$INIT" true >/dev/null
is "it warns when it cannot reap" "$(grep -c "isn't registered as a child subreaper" "$T/err")" 1
TINI_VERBOSITY=0 status "$INIT" true >/dev/null
is "TINI_VERBOSITY=0 silences it" "$(cat "$T/err")" ""
TINI_SUBREAPER= status "$INIT" true >/dev/null
is "TINI_SUBREAPER makes it a subreaper" "$(cat "$T/err")" ""
is "-v tells what it does" "$("$INIT" -sv true | sed 's/([0-9]*)//; s/[0-9][0-9]*/N/')" \
"[INFO  tini ] Spawned child process 'true' with pid 'N'
[INFO  tini ] Main child exited normally (with status 'N')"
is "-w tells of an orphan" "$(status "$INIT" -sw -- sh -c 'sh -c "sleep 0.2 & exit 0"; sleep 0.6'; grep -c 'Reaped zombie process with pid=' "$T/err")" "0
1"

# as pid 1 of its own namespace
is "as pid 1 it says nothing" "$(status alone "$INIT" -- true; cat "$T/err")" 0
is "as pid 1 its status is the program's" "$(status alone "$INIT" -- sh -c 'exit 9')" 9
is "orphans are reaped" "$(alone "$INIT" -- sh -c 'for i in 1 2 3; do sh -c "sleep 0.1 & exit 0"; done; sleep 0.6; ps -eo stat | grep -c ^Z')" 0
is "the program leads a group of its own" "$(alone "$INIT" -- sh -c 'ps -o pgid= -p $$ | tr -d " "')" 2
signalled() { # signalled SIGNAL INIT-ARGUMENTS...: what the program says
    local signal=$1; shift
    alone sh -c '"$@" & sleep 0.7; kill -'"$signal"' $!; wait $!; echo "status $?"' _ "$INIT" "$@" 2>/dev/null
}
for signal in TERM HUP USR1 USR2 WINCH CONT; do
    is "SIG$signal is passed on" \
        "$(signalled $signal -s -- bash -c "trap 'echo got $signal; exit 4' $signal; while :; do sleep 0.05; done")" "got $signal
status 4"
done
is "SIGTERM reaches only the program" "$(signalled TERM -s -- bash -c 'bash -c "trap \"echo inner\" TERM; sleep 1.2 & wait; wait" & trap "exit 0" TERM; while :; do sleep 0.05; done')" "status 0"
is "-g reaches its whole group" "$(signalled TERM -sg -- bash -c 'bash -c "trap \"echo inner; exit\" TERM; while :; do sleep 0.05; done" & trap "wait; exit 0" TERM; while :; do sleep 0.05; done')" "inner
status 0"
is "TINI_KILL_PROCESS_GROUP does the same" "$(TINI_KILL_PROCESS_GROUP= signalled TERM -s -- bash -c 'bash -c "trap \"echo inner; exit\" TERM; while :; do sleep 0.05; done" & trap "wait; exit 0" TERM; while :; do sleep 0.05; done')" "inner
status 0"
is "blocked and ignored signals are as before in the program" \
    "$("$INIT" -s -- grep -E 'Sig(Blk|Ign)' /proc/self/status | md5sum)" "$(grep -E 'Sig(Blk|Ign)' /proc/self/status | md5sum)"
is "-p ends it with its parent" "$(alone sh -c 'sh -c "\"$1\" -p SIGKILL -s -- sleep 50 & sleep 0.4; kill -9 \$\$" _ "$1" 2>/dev/null; sleep 0.4; pgrep -c docker-init' _ "$INIT")" 0
is "the program has the terminal's foreground" "$(script -qec "$INIT -s -- sh -c 'ps -o pgid=,tpgid= -p \$\$'" /dev/null </dev/null | tr -d '\r' | awk '{print ($1 == $2)}')" 1
is "it is one thread" "$(alone sh -c '"$1" -- sleep 2 & sleep 0.3; grep Threads /proc/$!/status | tr -dc 0-9' _ "$INIT")" 1

echo "$PASSED passed, $FAILED failed"
[ $FAILED -eq 0 ]
