# Sourced by the scenarios: a stack of the programs in $BIN on the default paths, in mount, network and process namespaces
# of its own, on memory. Everything ends with the namespaces; cgroups, which have none, are checked and removed.
#
#   ok "statement" 'shell text'     passes when the text exits with 0; what it printed is shown when it does not
#   containerd_up, dockerd_up [ARG...], stop PID [SIGNAL], image
if [ -z "${INSIDE:-}" ]; then
    [ "$(id -u)" = 0 ] || { echo "not ok - this test runs as root"; echo "0 passed, 1 failed"; exit 1; }
    [ -x "${1:-}/dockerd" ] || { echo "usage: $0 FOLDER-OF-THE-EIGHT-PROGRAMS"; echo "0 passed, 1 failed"; exit 2; }
    INSIDE=1 BIN=$(readlink -f "$1") exec unshare --mount --net --pid --fork --mount-proc --kill-child \
        --propagation private bash "$0" "$@"
fi
top=$(cd "$(dirname "$0")/../.." && pwd)
for folder in /run /var/lib/docker /var/lib/containerd /etc/docker /root/.docker /etc/containerd /opt/containerd; do
    mkdir -p $folder && mount -t tmpfs -o mode=755 scenario $folder
done
mkdir -p /run/lock /run/netns
T=$(mktemp -d /run/scenario.XXXXXX)
export PATH=$BIN:$PATH DOCKER_CONFIG=/root/.docker
unset DOCKER_HOST DOCKER_CONTEXT
ip link set lo up
passed=0 failed=0 number=0

ok() {
    number=$((number + 1))
    local out status=0
    # Each statement has its own time: a stuck daemon must not take the whole test with it.
    out=$(timeout 90 bash -e -c ". $T/words; $2" 2>&1) || status=$?
    if [ $status -eq 0 ]; then
        passed=$((passed + 1)); echo "ok $number - $1"
    else
        failed=$((failed + 1)); echo "not ok $number - $1   [$(printf '%s' "$out" | tail -c 400 | tr '\n\0' '  ')]"
    fi
}
# Words for statements, which run in shells of their own.
cat >$T/words <<'WORDS'
same() { [ "$1" = "$2" ] || { echo "wanted '$2', got '$1'"; return 1; }; }
has() { case $1 in *"$2"*) ;; *) echo "no '$2' in '$1'"; return 1 ;; esac; }
status() { local s=0; "$@" >/dev/null 2>&1 || s=$?; echo $s; }
soon() { local n; for n in $(seq 100); do eval "$1" >/dev/null 2>&1 && return 0; sleep 0.1; done; echo "never: $1"; return 1; }
# What a container leaves when something forgets to tidy up.
left() {
    pgrep -f '[c]ontainerd-shim-runc-v2 -namespace'
    ip -o link | grep veth
    iptables-save | grep -E -- '-j DNAT'
    grep -E ' (/var/lib|/run|/var/run)/(docker|containerd)/[^ ]+ ' /proc/self/mountinfo | grep -v '/netns/default '
    ls /run/docker/netns 2>/dev/null | grep -v default
    find /sys/fs/cgroup -type d -regextype egrep -regex '.*/docker/[0-9a-f]{64}' 2>/dev/null | grep -F -f "$T/ids" 2>/dev/null
    pgrep -f '[d]ocker-proxy -proto'
    true
}
WORDS
export T
: >$T/ids
image() { "$top/Scripts/image" $T/busybox.tar busybox:latest; }
wait_until() { local n; for n in $(seq 300); do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done; return 1; }
containerd_up() {
    containerd >>$T/containerd.log 2>&1 &
    CONTAINERD=$!; echo $CONTAINERD >$T/containerd.pid
    wait_until timeout 3 ctr version
}
dockerd_up() {
    dockerd --containerd=/run/containerd/containerd.sock "$@" >>$T/dockerd.log 2>&1 &
    DOCKERD=$!; echo $DOCKERD >$T/dockerd.pid
    wait_until timeout 3 docker version
}
stop() { kill -"${2:-TERM}" "$1" 2>/dev/null; wait "$1" 2>/dev/null; return 0; }
finish() {
    [ $failed -eq 0 ] || { echo "--- dockerd"; tail -n 30 $T/dockerd.log; echo "--- containerd"; tail -n 10 $T/containerd.log; } 2>/dev/null
    echo "$passed passed, $failed failed"
    [ $failed -eq 0 ]
}
