#!/bin/bash
# runc: containers from a bundle made by hand, and every verb on them.
#   runc.sh BIN      BIN holds runc; everything runs in pid, network and mount namespaces of its own. Needs root,
#                    busybox (static), jq, python3. True of upstream's runc 1.1 as well.
set -u
BIN=$(readlink -f "${1:?usage: runc.sh BIN}")
if [ -z "${ALONE:-}" ]; then
    exec env ALONE=1 unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private -- bash "$0" "$BIN"
fi
RUNC=$BIN/runc
T=$(mktemp -d /tmp/slipway-runc.XXXXXX)
ID=slipway-runc-$$-$(basename "$T")
runc() { timeout 30 "$RUNC" --root "$T/state" "$@"; }
clean() {
    local name
    for name in $(ls "$T/state" 2>/dev/null); do runc delete -f "$name" >/dev/null 2>&1; done
    find /sys/fs/cgroup -depth -type d -name "$ID*" -exec rmdir {} \; 2>/dev/null
    cd /; rm -rf "$T"
}
trap clean EXIT
N=0 PASSED=0 FAILED=0
is() { # is NAME GOT WANTED
    N=$((N + 1))
    if [ "$2" = "$3" ]; then PASSED=$((PASSED + 1)); echo "ok $N - $1"
    else FAILED=$((FAILED + 1)); echo "not ok $N - $1"; echo "#   got: $2"; echo "#   wanted: $3"; fi
}
R=$T/bundle/rootfs
mkdir -p "$R"/{bin,etc,tmp,proc,dev,sys,data,full} && cp "$(command -v busybox)" "$R/bin/busybox" && chmod 755 "$T"
for name in $("$R/bin/busybox" --list); do [ -e "$R/bin/$name" ] || ln -s busybox "$R/bin/$name"; done
echo kept >"$R/full/file"
cd "$T/bundle" || exit 1
runc spec
SPEC=$(jq -r '.linux.namespaces[].type' config.json | paste -sd ' ')
# v2's own cgroup namespace would hide from the tests where a process is.
jq '.process.terminal = false | .process.args = ["true"] | .linux.namespaces |= map(select(.type != "cgroup"))' config.json >plain.json
with() { jq "$1" plain.json >config.json; }   # with FILTER: the configuration for what follows
sh_() { jq --arg c "$1" '.process.args = ["sh", "-c", $c]' plain.json >config.json; [ $# -eq 1 ] || { jq "$2" config.json >c && mv c config.json; }; }
run() { runc run "$@" "$ID" </dev/null 2>&1; }
says() { sed -n 's/.* level=error msg="\(.*\)"$/\1/p' | sed 's/\\"/"/g'; }

sh_ 'exit 7'; is "run gives the program's status" "$(run; echo $?)" 7
sh_ 'echo $$; hostname; pwd'; is "run: pid 1, host name, working directory" "$(run | paste -sd ' ')" "1 runc /"
is "run leaves nothing" "$(ls "$T/state"; find /sys/fs/cgroup -name "$ID")" ""
sh_ 'touch /x 2>&1'; is "the root is read-only" "$(run)" "touch: /x: Read-only file system"
sh_ 'grep -E "CapPrm|CapBnd|NoNewPrivs" /proc/self/status | cut -f2' ; is "capabilities and no new privileges" "$(run | paste -sd ' ')" "0000000020000420 0000000020000420 1"
sh_ 'ulimit -n; cat /proc/self/oom_score_adj' '.process.oomScoreAdj = 77'; is "limits and OOM score" "$(run | paste -sd ' ')" "1024 77"
sh_ 'id -u; id -g; id -G; echo $HOME; umask' '.process.user = {uid: 12, gid: 34, additionalGids: [56], umask: 23}'
is "user, groups, home, umask" "$(run | paste -sd ' ')" "12 34 34 56 / 0027"
sh_ 'echo $A$B; pwd' '.process.env += ["A=1", "B=2"] | .process.cwd = "/data"'; is "environment and working directory" "$(run | paste -sd ' ')" "12 /data"
sh_ 'cat /proc/kcore 2>/dev/null | head -c1 | wc -c; ls /sys/firmware | wc -l; echo 1 2>&1 >/proc/sys/vm/swappiness | sed "s/.*: //"'
is "masked and read-only paths" "$(run 2>&1 | sed 's/.*: //' | paste -sd ' ')" "0 0 Read-only file system"
sh_ 'ip link show lo | grep -c UP; ls /sys/class/net'; is "loopback is up, and alone" "$(run | paste -sd ' ')" "1 lo"
mkdir "$T/src"; echo hello >"$T/src/file"
sh_ 'cat /data/file; touch /data/new 2>&1; cat /f' ".mounts += [{destination: \"/data\", type: \"bind\", source: \"$T/src\", options: [\"rbind\", \"ro\"]}, {destination: \"/tmp/../f\", source: \"$T/src/file\", options: [\"bind\"]}] | .root.readonly = false"
is "a directory bound read-only, and a file" "$(run | paste -sd '|')" "hello|touch: /data/new: Read-only file system|hello"
rm -f "$R/f"; ln -s /../../../../../../tmp "$R/escape"
sh_ 'cat /tmp/in/file' ".mounts += [{destination: \"/escape/in\", type: \"bind\", source: \"$T/src\", options: [\"bind\"]}] | .root.readonly = false"
is "a mount's place stays inside the root" "$(run; [ -e /tmp/in ] && echo out)" "hello"
rm -rf "$R/escape" "$R/tmp/in"
sh_ 'cat /full/file; grep " /full " /proc/mounts | cut -d" " -f3' '.mounts += [{destination: "/full", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]}]'
is "a tmpfs that starts with what was there" "$(run | paste -sd ' ')" "kept tmpfs"
sh_ 'ls -l /dev/slipway | cut -c1-10; stat -c "%t:%T %u" /dev/slipway; [ -c /dev/null ] && readlink /dev/fd' '.linux.devices = [{path: "/dev/slipway", type: "c", major: 1, minor: 3, fileMode: 416, uid: 7, gid: 0}]'
is "devices" "$(run | paste -sd ' ')" "crw-r----- 1:3 7 /proc/self/fd"
sh_ 'cat /proc/sys/net/ipv4/ip_forward' '.linux.sysctl = {"net.ipv4.ip_forward": "1"}'; is "sysctl" "$(run)" 1
sh_ 'mkdir /tmp/d 2>&1; chmod 700 /tmp; echo $?' '.root.readonly = false | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 5}]}'
is "seccomp" "$(run | paste -sd '|')" "mkdir: can't create directory '/tmp/d': Input/output error|0"
is "seccomp once more" "$(run | paste -sd '|')" "mkdir: can't create directory '/tmp/d': Input/output error|0"
sh_ 'id -u; cat /proc/self/uid_map | tr -s " "; [ -c /dev/null ] && echo yes' '.root.readonly = false | .linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 0, size: 1000}] | .linux.gidMappings = .linux.uidMappings | .mounts |= map(select(.type != "cgroup"))'
is "a user namespace" "$(run | paste -sd '|')" "0| 0 0 1000|yes"
sh_ 'readlink /proc/self/ns/net' "(.linux.namespaces[] | select(.type == \"network\")).path = \"/proc/$$/ns/net\""
is "a network namespace joined by its path" "$(run)" "$(readlink /proc/$$/ns/net)"
sh_ 'grep -c "0::/$" /proc/self/cgroup' '.linux.namespaces += [{type: "cgroup"}]'; is "a cgroup namespace" "$(run)" 1
mkdir "$T/log"
with ".hooks = {prestart: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"echo prestart >>$T/log/h\"]}], createRuntime: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"jq -r .status >>$T/log/h\"], env: [\"PATH=$PATH\"]}], createContainer: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"echo createContainer >>$T/log/h\"]}], poststart: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"echo poststart >>$T/log/h\"]}], poststop: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"jq -r .status >>$T/log/h\"], env: [\"PATH=$PATH\"]}]}"
run >/dev/null; is "hooks, in order" "$(paste -sd ' ' "$T/log/h")" "prestart creating createContainer poststart stopped"
with '.hooks = {prestart: [{path: "/bin/false"}]}'
is "a hook that fails ends the start" "$(run | says; ls "$T/state")" "runc run failed: unable to start container process: error during container init: error running hook #0: error running hook: exit status 1, stdout: , stderr: "
with '.process.args = ["nosuch"]'; is "a missing program" "$(run | says)" 'runc run failed: unable to start container process: exec: "nosuch": executable file not found in $PATH'
is "a failed start leaves nothing" "$(ls "$T/state"; find /sys/fs/cgroup -name "$ID")" ""
with '.mounts += [{destination: "/data", type: "bind", source: "/nosuch", options: ["bind"]}]'
is "a missing source" "$(run | says)" 'runc run failed: unable to start container process: error during container init: error mounting "/nosuch" to rootfs at "/data": stat /nosuch: no such file or directory'
with '.linux.sysctl = {"vm.swappiness": "1"}'; is "a setting that is the host's" "$(run | says)" 'runc run failed: sysctl "vm.swappiness" is not in a separate kernel namespace'
runc --log "$T/log/j" --log-format json state nosuch 2>/dev/null
is "the log as JSON" "$(jq -r '.level + " " + .msg' "$T/log/j")" "error container does not exist"
is "a wrong number of arguments" "$(runc state 2>&1 >/dev/null | says; runc state >/dev/null 2>&1; echo $?)" "$RUNC: \"state\" requires exactly 1 argument(s)
1"
is "an unknown command is status 3" "$(runc nosuch >/dev/null 2>&1; echo $?)" 3

sh_ 'grep -E "CapPrm|CapEff|CapBnd" /proc/self/status | cut -f2' 'del(.process.capabilities)'
is "who says nothing of capabilities has none" "$(run | paste -sd ' ')" "0000000000000000 0000000000000000 0000000000000000"
with '.process.env += ["FOO"]'; is "what is no variable" "$(run | says)" 'runc run failed: unable to start container process: error during container init: invalid environment variable: "FOO"'
with '.linux.sysctl = {"kernel.hostname": "x"}'; is "a host name by sysctl" "$(run | says)" 'runc run failed: sysctl "kernel.hostname" is not allowed as it conflicts with the OCI "hostname" field'
with '.linux.sysctl = {"net.ipv4.ip_forward": "1"} | (.linux.namespaces[] | select(.type == "network")).path = "/proc/1/ns/net"'
is "a network setting in the host's namespace" "$(run | says)" 'runc run failed: sysctl "net.ipv4.ip_forward" not allowed in host network namespace'
with '.linux.sysctl = {"net/../kernel/hostname": "x"}'
is "a setting that would climb out of what was checked" "$(run | says)" 'runc run failed: unable to start container process: error during container init: open /proc/sys/net/kernel/hostname: no such file or directory'
with '.process.env += ["A=\u0000b"]'
is "a variable that would end early" "$(run | says)" 'runc run failed: unable to start container process: error during container init: environment variable value can'"'"'t contain null(\\x00): "A=\\x00b"'
sh_ 'echo $HOME' '.process.env += ["HOME="]'; is "an empty home is none" "$(run)" /
with '.process.cwd = "/full/file"'
is "a file as working directory" "$(run | says)" 'runc run failed: unable to start container process: error during container init: mkdir /full/file: not a directory'
sh_ 'echo ran' '.linux.seccomp = {} | .linux.devices = [{type: "c", major: 1, minor: 3}]'
is "a profile that says nothing, a device without a path" "$(run)" ran
sh_ 'stat -c %F /dev/x' '.linux.devices = [{path: "/dev/x", type: "c", major: 1, minor: 3, fileMode: 25014}]'
is "a device's mode does not change its type" "$(run)" "character special file"
with '.linux.devices = [{path: "/dev/x", type: "c", major: -1, minor: 3}]'
is "a device of every number" "$(run | says)" 'runc run failed: unable to start container process: error during container init: error creating device nodes: cannot mkdev() device with wildcards'
with '.linux.resources.devices += [{allow: true, type: "c"}]'
is "a device rule without access" "$(run | says)" "runc run failed: device access at 1 field cannot be empty"
with '.linux.resources.devices += [{allow: true, type: "z", access: "r"}]'
is "a device rule of no type" "$(run | says)" 'runc run failed: invalid cgroup device type "z"'
with '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 1, hostID: 1000, size: 10}] | .linux.gidMappings = .linux.uidMappings'
is "a user namespace without root" "$(run | says)" "runc run failed: User namespaces enabled, but no user mapping found."
sh_ 'echo ran' '.linux.resources.memory = {limit: 67108864, swappiness: 99, kernel: 1048576}'
sed -i 's/"swappiness": 99/"swappiness": 18446744073709551615/' config.json
is "a swappiness that is not set, and limits that are no more" "$(run | sed 's/.*level=//')" 'warning msg="Kernel memory settings are ignored and will be removed"
ran'
sh_ 'echo ran'; echo " and more" >>config.json; is "what follows the configuration is not read" "$(run)" ran
echo '[]' >config.json; is "a configuration of another kind" "$(run | says)" "runc run failed: json: cannot unmarshal array into Go value of type specs.Spec"
sh_ 'id -G' '.process.user.additionalGids = [1, 2, 2]'; is "a group named twice" "$(run)" "0 1 2"
ln -s /proc "$R/link"
with ".mounts += [{destination: \"/link/sys\", type: \"bind\", source: \"$T/src\", options: [\"bind\"]}]"
is "no mount inside /proc, whatever the way" "$(run | says | sed "s#$T#T#g")" 'runc run failed: unable to start container process: error during container init: error mounting "T/src" to rootfs at "/link/sys": "T/bundle/rootfs/proc/sys" cannot be mounted because it is inside /proc'
rm "$R/link"
sh_ 'cat /data/file; grep " /data " /proc/mounts | cut -d" " -f4' '.mounts += [{destination: "/data", type: "bind", source: "../src", options: ["bind", "ro"]}]'
is "a source relative to the bundle" "$(run | paste -sd ' ' | sed 's/ro,.*/ro/')" "hello ro"
with '.mounts += [{destination: "/full", type: "tmpfs", source: "tmpfs", options: ["size=bad"]}]'
is "the kernel's word on a mount" "$(run | says | sed 's#fd/[0-9]*#fd/N#')" 'runc run failed: unable to start container process: error during container init: error mounting "tmpfs" to rootfs at "/full": mount tmpfs:/full (via /proc/self/fd/N), data: size=bad: invalid argument'
chmod 711 "$R/full"; sh_ 'stat -c %a /full; grep " /full " /proc/mounts | grep -c mode=' '.mounts += [{destination: "/full", type: "tmpfs", source: "tmpfs"}]'
is "a tmpfs has the mode of its place" "$(run | paste -sd ' ')" "711 0"; chmod 755 "$R/full"
echo garbage >"$R/bin/bad"; chmod 755 "$R/bin/bad"
with '.process.args = ["/bin/bad"]'; is "what cannot be executed says so itself" "$(run; echo $?)" "exec /bin/bad: exec format error
1"
runc create "$ID" </dev/null >"$T/said" 2>&1; runc start "$ID"
for _ in $(seq 50); do [ "$(runc state "$ID" | jq -r .status)" = stopped ] && break; sleep 0.1; done
is "and where its output goes after start" "$(cat "$T/said"; runc delete "$ID"; echo $?)" "exec /bin/bad: exec format error
0"; rm "$R/bin/bad"
rm -f "$T/log/h"
with ".hooks = {createContainer: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"pwd >>$T/log/h\"]}], poststop: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"echo \$HOOKED >>$T/log/h; exit 3\"]}]} | .process.args = [\"sh\", \"-c\", \"exit 7\"]"
is "a last hook that fails is told, and changes nothing" "$(HOOKED=yes run | says; HOOKED=yes run >/dev/null; echo $?; ls "$T/state")" "error running hook #0: error running hook: exit status 3, stdout: , stderr: 
7"
is "hooks have a place and an environment" "$(sed "s#$T#T#" "$T/log/h" | paste -sd ' ')" "T/bundle/rootfs yes T/bundle/rootfs yes"
with '.hooks = {prestart: [{path: "/bin/sleep", args: ["sleep", "5"], timeout: -1}]}'
is "a hook without time" "$(run | says)" "runc run failed: unable to start container process: error during container init: error running hook #0: hook ran past specified timeout of -1.0s"
mkdir -p "$T/state/$ID"; is "a directory without a record" "$(runc delete "$ID" 2>&1 | says; ls "$T/state")" "container does not exist"
with .; is "--rootless takes a truth or auto" "$(timeout 30 "$RUNC" --root "$T/state" --rootless often run "$ID" 2>&1 | says)" 'runc run failed: strconv.ParseBool: parsing "often": invalid syntax'
sh_ 'echo ran'
frozen() { unshare --mount bash -c 'for point in $(grep -E " - cgroup2? " /proc/self/mountinfo | cut -d" " -f5); do mount -o remount,bind,ro "$point"; done; exec timeout 30 "$@" 2>&1' _ "$RUNC" --root "$T/state" "$@" </dev/null; }
is "--rootless true does without cgroups" "$(frozen --rootless true run "$ID")" ran
is "--rootless false does not" "$(frozen --rootless false run "$ID" | says | grep -c 'unable to apply cgroup configuration')" 1
cat >agent.py <<'P'
import array, fcntl, json, socket, struct
s = socket.socket(socket.AF_UNIX); s.bind("agent"); s.listen(1); s.settimeout(15); print("listening", flush=True)
c, _ = s.accept()
m, anc, _, _ = c.recvmsg(9000, socket.CMSG_SPACE(4)); fd = array.array("i", anc[0][2])[0]
said = json.loads(m); print(said["fds"], said["metadata"], said["state"]["status"], said["pid"] == said["state"]["pid"], flush=True)
call = bytearray(80); fcntl.ioctl(fd, 0xc0502100, call)
fcntl.ioctl(fd, 0xc0182101, struct.pack("=QqiI", struct.unpack_from("Q", call)[0], 0, -122, 0))
P
for nnp in true false; do
    rm -f agent agent.out; python3 agent.py >agent.out 2>&1 & C=$!
    for _ in $(seq 300); do grep -qs listening agent.out && break; sleep 0.1; done
    sh_ 'mkdir /tmp/d 2>&1' ".process.noNewPrivileges = $nnp | .root.readonly = false | .linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", listenerPath: \"$T/bundle/agent\", listenerMetadata: \"m\", syscalls: [{names: [\"mkdir\", \"mkdirat\"], action: \"SCMP_ACT_NOTIFY\"}]}"
    is "seccomp asks an agent (noNewPrivileges $nnp)" "$(run; wait $C; sed 1d agent.out)" "mkdir: can't create directory '/tmp/d': Disk quota exceeded
['seccompFd'] m creating True"
done
with '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_NOTIFY"}]}'
is "an agent without a place" "$(run | says)" "runc run failed: unable to start container process: listenerPath is not set"

with '.process.args = ["sleep", "100"]'; runc create "$ID" </dev/null >/dev/null 2>&1; runc kill "$ID" TERM
for _ in $(seq 50); do [ "$(runc state "$ID" | jq -r .status)" = stopped ] && break; sleep 0.1; done
is "a container that was not started ends by a signal" "$(runc state "$ID" | jq -r .status; runc delete "$ID"; echo $?)" "stopped
0"
with '.process.args = ["sleep", "100"] | .linux.resources.memory = {limit: 33554432} | .linux.resources.pids = {limit: 40} | .linux.resources.cpu = {shares: 512}'
runc create --pid-file "$T/pid" "$ID" </dev/null >/dev/null 2>&1
P=$(cat "$T/pid")
is "create waits" "$(runc state "$ID" | jq -r '.status, .pid' | paste -sd ' ')" "created $P"
group() { local c p; c=$1; p=$(awk -F: -v c="$c" '$2 == c {print $3}' "/proc/$P/cgroup"); echo "/sys/fs/cgroup/$c$p"; }
if [ -d /sys/fs/cgroup/memory ]; then
    is "limits in cgroup v1" "$(cat "$(group memory)/memory.limit_in_bytes" "$(group pids)/pids.max" "$(group cpu)/cpu.shares" | paste -sd ' ')" "33554432 40 512"
    is "device rules in cgroup v1" "$(sort "$(group devices)/devices.list" | grep -cE '^(b \*:\* m|c \*:\* m|c 1:3 rwm|c 136:\* rwm)$')" 4
else
    U=/sys/fs/cgroup$(cut -d: -f3 "/proc/$P/cgroup")
    is "limits in cgroup v2" "$(cat "$U/memory.max" "$U/pids.max" "$U/cpu.weight" | paste -sd ' ')" "33554432 40 20"
    is "device rules in cgroup v2" "$(runc exec "$ID" sh -c 'cat /dev/null && echo yes' 2>&1)" yes
fi
runc start "$ID"
for _ in $(seq 50); do grep -q ^sleep "/proc/$P/cmdline" && break; sleep 0.1; done
is "start runs the program" "$(runc state "$ID" | jq -r .status; tr '\0' ' ' <"/proc/$P/cmdline")" "running
sleep 100 "
is "start once only" "$(runc start "$ID" 2>&1 | says)" "cannot start an already running container"
is "list" "$(runc list | awk -v p="$P" '$2 == p {print $1, $3, $NF}')" "$ID running root"
is "exec: status, user, environment" "$(runc exec -u 3:4 -e A=b "$ID" sh -c 'id -u; id -g; echo $A; exit 9'; echo $?)" "3
4
b
9"
echo '{"args":["sh","-c","cat /proc/self/cgroup | sort | tail -1 | cut -d: -f3 | xargs basename; pwd"],"cwd":"/data","user":{"uid":0,"gid":0},"env":["PATH=/bin"]}' >p.json
is "exec --process, in the container's cgroup" "$(runc exec --process p.json "$ID" | paste -sd ' ')" "$(tail -1 "/proc/$P/cgroup" | cut -d: -f3 | xargs basename) /data"
is "exec: a missing program is 255" "$(runc exec "$ID" nosuch 2>/dev/null; echo $?)" 255
runc exec -d --pid-file "$T/pid2" "$ID" sleep 50 </dev/null >/dev/null 2>&1
is "exec --detach, and ps" "$(runc ps -f json "$ID" | jq -c sort)" "$(printf '%s\n' "$P" "$(cat "$T/pid2")" | jq -sc sort)"
runc pause "$ID"
is "pause, and no exec in it" "$(runc state "$ID" | jq -r .status; runc exec "$ID" true 2>&1 | says)" "paused
exec failed: cannot exec in a paused container (use --ignore-paused to override)"
runc resume "$ID"; is "resume" "$(runc state "$ID" | jq -r .status)" running
is "update" "$(echo '{"pids":{"limit":50}}' | runc update --resources - "$ID"; cat "${U:-$(group pids)}/pids.max")" 50
is "update: a period keeps the quota, and a quota the period" "$(runc update --cpu-quota 50000 --cpu-period 100000 "$ID"; runc update --cpu-period 200000 "$ID"; runc update --cpu-quota 40000 "$ID"
    cat "${U:-$(group cpu)}"/cpu.max "${U:-$(group cpu)}"/cpu.cfs_{quota,period}_us 2>/dev/null | paste -sd ' ')" "40000 200000"
is "update: what is no number" "$(runc update --cpu-period -1 "$ID" 2>&1 | says)" 'invalid value for cpu-period: strconv.ParseUint: parsing "-1": invalid syntax'
is "update: what is gone" "$(runc update --kernel-memory 10m "$ID" 2>&1 | sed 's/.*level=//')" 'warning msg="Kernel memory settings are ignored and will be removed"'
is "update: sizes" "$(runc update --memory "0.03125 GiB" "$ID"; runc events --stats "$ID" | jq .data.memory.usage.limit)" 33554432
is "events --stats" "$(runc events --stats "$ID" | jq -r '.type, .data.memory.usage.limit, .data.pids.current' | paste -sd ' ')" "stats 33554432 2"
if [ -n "${U:-}" ]; then
    mkdir "$U/leaf"; for p in $(cat "$U/cgroup.procs"); do echo "$p" >"$U/leaf/cgroup.procs"; done
    echo +memory >"$U/cgroup.subtree_control"
    is "exec in a container that has divided its group" "$(runc exec "$ID" cat /proc/self/cgroup 2>&1 | sed 's/.*\///')" leaf
else
    mkdir "$(group pids)/leaf"
    is "exec in a group below" "$(runc exec --cgroup pids:/leaf "$ID" grep pids /proc/self/cgroup 2>&1 | sed 's/.*\///')" leaf
fi
is "delete refuses what runs" "$(runc delete "$ID" 2>&1 | says)" "cannot delete container $ID that is not stopped: running"
is "kill with signal 0 only looks" "$(runc kill "$ID" 0; echo $?)" 0
is "exec: odd users and groups" "$(runc exec -u -1 "$ID" true 2>&1 | says; runc exec --cgroup a:b:c "$ID" true 2>&1 | says)" "exec failed: unable to start container process: unable to setup user: uids and gids must be in range 0-2147483647
exec failed: invalid --cgroup argument: a:b:c"
is "exec: groups that are none" "$(runc exec --cgroup nope:/ "$ID" true 2>&1 | says; runc exec --cgroup ../.. "$ID" true 2>&1 | says)" "exec failed: unable to create new parent process: unknown controller nope in SubCgroupPaths
exec failed: unable to create new parent process: ../.. is not a sub cgroup path"
is "exec: what is no variable" "$(runc exec -e FOO "$ID" true 2>&1 | says)" 'exec failed: unable to start container process: invalid environment variable: "FOO"'
is "kill refuses a signal that is none" "$(runc kill "$ID" NOSUCH 2>&1 | says)" 'unknown signal "NOSUCH"'
runc kill --all "$ID" KILL
for _ in $(seq 50); do [ "$(runc state "$ID" | jq -r .status)" = stopped ] && break; sleep 0.1; done
is "kill --all" "$(runc state "$ID" | jq -r '.status, .pid' | paste -sd ' ')" "stopped 0"
runc delete "$ID"; is "delete leaves nothing" "$(ls "$T/state"; find /sys/fs/cgroup -name "$ID")" ""
is "delete --force of nothing is no error" "$(runc delete --force "$ID" 2>&1; echo $?)" 0

cat >console.py <<'P'
import socket, sys, array, os, time
s = socket.socket(socket.AF_UNIX); s.bind("console"); s.listen(1); s.settimeout(30); print("listening", flush=True)
c, _ = s.accept()
m, anc, _, _ = c.recvmsg(100, socket.CMSG_SPACE(4)); fd = array.array("i", anc[0][2])[0]
out = b""
end = time.time() + 10
while b"end" not in out and time.time() < end:
    try: out += os.read(fd, 1000)
    except OSError: break
sys.stdout.write(out.decode().replace("\r", ""))
P
sh_ 'tty; stty size; ls -l /dev/console | cut -c1; echo end' '.process.terminal = true | .process.consoleSize = {height: 31, width: 77}'
python3 console.py >console.out & C=$!
for _ in $(seq 300); do grep -qs listening console.out && break; sleep 0.1; done
runc run -d --console-socket console "$ID" 2>console.err; sed "s/^/# /" console.err; wait "$C"; runc delete -f "$ID" 2>/dev/null
is "a terminal through the console socket" "$(sed 1d console.out | paste -sd ' ')" "/dev/pts/0 31 77 c end"
sh_ 'tty; exit 5' '.process.terminal = true'
is "a terminal of the caller's" "$(script -qec "$RUNC --root $T/state run $ID" /dev/null </dev/null | tr -d '\r\0' | grep -a pts | sed 's/.*\/dev/\/dev/')" "/dev/pts/0"
sh_ 'readlink /proc/self/fd/3; ls /proc/self/fd | wc -l'
is "descriptors are passed on when asked for, and no others" "$(run --preserve-fds 1 3<"$T/src/file" 4<"$T/pid" | sed 's/.*src/src/' | paste -sd ' ')" "src/file 5"
is "a new configuration has a cgroup namespace where there is v2 alone" "$SPEC" "pid network ipc uts mount$([ -e /sys/fs/cgroup/cgroup.controllers ] && echo " cgroup")"
is "features" "$(runc features | jq -r '.linux.seccomp.enabled, .linux.cgroup.v1, (.linux.namespaces | length)' | paste -sd ' ')" "true true 7"

echo "$PASSED passed, $FAILED failed"
[ "$FAILED" -eq 0 ]
