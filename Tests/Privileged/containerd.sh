#!/bin/bash
# containerd: its store, snapshots, layers, tasks and events, and what a kill at any moment leaves.
#   containerd.sh BIN      BIN holds containerd; ctr, the shim and runc come from BIN or PATH. Namespaces of its own.
set -u
if [ -z "${CTD_INSIDE:-}" ]; then
    BIN=$(readlink -f "${1:?usage: containerd.sh BIN}")
    export BIN CTD_INSIDE=1
    exec timeout -k 10 300 unshare --mount --net --pid --fork --mount-proc --kill-child --propagation private -- bash "$0"
fi
for d in /run /var/lib/containerd /etc/containerd /opt/containerd; do mkdir -p $d; mount -t tmpfs -o mode=755 own $d; done
T=$(mktemp -d /run/t.XXXXXX)
mkdir -p "$T/disk" /run/lock
ip link set lo up
export PATH=$BIN:$PATH
OURS=; containerd --version | grep -q slipway && OURS=1
STATE=/run/containerd/io.containerd.runtime.v2.task ROOT=/var/lib/containerd
BLOBS=$ROOT/io.containerd.content.v1.content/blobs/sha256 LAYERS=$ROOT/io.containerd.snapshotter.v1.overlayfs/snapshots
N=0 PASSED=0 FAILED=0
check() { # check NAME COMMAND...: passes when the shell text succeeds; its output is shown when not
    N=$((N + 1))
    if ( set -e; eval "$2" ) >"$T/out" 2>&1; then PASSED=$((PASSED + 1)); echo "ok $N - $1"
    else FAILED=$((FAILED + 1)); echo "not ok $N - $1"; tail -n 4 "$T/out" | cut -c1-300 | sed 's/^/#   /'; fi
}
ours() { [ -z "$OURS" ] || check "$@"; } # statements about what upstream does another way
eq() { [ "$1" = "$2" ] || { echo "got '$1', wanted '$2'"; return 1; }; }
until_ok() { local i; for ((i = 0; i < $1 * 20; i++)); do eval "$2" >/dev/null 2>&1 && return 0; sleep 0.05; done; echo "not in $1 s: $2"; return 1; }
up() { containerd "$@" >>"$T/log" 2>&1 & CTD=$!; until_ok 15 '[ -S /run/containerd/containerd.sock ] && timeout 3 ctr version'; }
kill9() { kill -9 $CTD; wait $CTD 2>/dev/null; rm -f /run/containerd/containerd.sock; }
pid_of() { ctr tasks ls | awk -v n="$1" '$1 == n { print $2 }'; }
shim_of() { pgrep -f "containerd-shim-runc-v2 .*-id $1( |\$)" | head -1; }

# An image of two layers: the second removes, replaces and hides; and one that tries to get out of its directory.
python3 - "$T" <<'PY'
import gzip, hashlib, io, json, os, shutil, sys, tarfile
T = sys.argv[1]; busybox = shutil.which("busybox")
def layer(*members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, kind, value in members:
            info = tarfile.TarInfo(name); info.mode = 0o755; data = None
            if kind == "dir": info.type = tarfile.DIRTYPE
            elif kind == "link": info.type = tarfile.LNKTYPE; info.linkname = value
            elif kind == "symlink": info.type = tarfile.SYMTYPE; info.linkname = value
            elif kind == "char": info.type = tarfile.CHRTYPE; info.devmajor, info.devminor = value
            else: data = value if isinstance(value, bytes) else value.encode(); info.size = len(data)
            if kind == "xattr": info.pax_headers = {"SCHILY.xattr.user.x": "y"}
            if kind == "own": info.uid, info.gid, info.mode, info.mtime = 33, 34, 0o4711, 1000000000
            tar.addfile(info, io.BytesIO(data) if data is not None else None)
    return out.getvalue()
bb = open(busybox, "rb").read()
base = layer(("bin", "dir", 0), ("bin/busybox", "file", bb), *[("bin/" + n, "symlink", "busybox") for n in
    "sh cat echo ls sleep true stat find touch rm sort test ps readlink mkdir".split()], ("etc", "dir", 0), ("tmp", "dir", 0),
    ("proc", "dir", 0), ("sys", "dir", 0), ("dev", "dir", 0), ("a", "dir", 0), ("a/gone", "file", "1"), ("a/kept", "file", "2"), ("b", "dir", 0),
    ("b/old", "file", "3"), ("own", "own", "4"), ("xattr", "xattr", "5"), ("first", "file", "6"), ("second", "link", "first"), ("null", "char", (1, 3)))
top = layer(("a/.wh.gone", "file", ""), ("b", "dir", 0), ("b/.wh..wh..opq", "file", ""), ("b/new", "file", "7"))
evil = layer(("../../../../../../../../run/escaped", "file", "x"), ("out", "symlink", "/run"), ("out/escaped2", "file", "x"),
    ("abs", "symlink", "/"), ("abs/run/escaped3", "file", "x"))
def image(path, name, layers, pack=False):
    ids = [hashlib.sha256(l).hexdigest() for l in layers]
    blobs = [gzip.compress(l, mtime=0) if pack else l for l in layers]
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["sh"], "Env": ["PATH=/bin"]}, "rootfs": {"type": "layers", "diff_ids": ["sha256:" + i for i in ids]}}).encode()
    add = lambda tar, n, d: tar.addfile((lambda i: (setattr(i, "size", len(d)), i)[1])(tarfile.TarInfo(n)), io.BytesIO(d))
    with tarfile.open(path, "w") as tar:
        if not pack:
            c = hashlib.sha256(config).hexdigest() + ".json"; add(tar, c, config)
            for i, l in zip(ids, layers): add(tar, i + "/layer.tar", l)
            add(tar, "manifest.json", json.dumps([{"Config": c, "RepoTags": [name], "Layers": [i + "/layer.tar" for i in ids]}]).encode()); return
        put = lambda d: (add(tar, "blobs/sha256/" + hashlib.sha256(d).hexdigest(), d), {"digest": "sha256:" + hashlib.sha256(d).hexdigest(), "size": len(d)})[1]
        m = "application/vnd.oci.image."
        manifest = json.dumps({"schemaVersion": 2, "config": dict(put(config), mediaType=m + "config.v1+json"), "layers": [dict(put(b), mediaType=m + "layer.v1.tar+gzip") for b in blobs]}).encode()
        add(tar, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        add(tar, "index.json", json.dumps({"schemaVersion": 2, "manifests": [dict(put(manifest), mediaType=m + "manifest.v1+json", annotations={"io.containerd.image.name": name})]}).encode())
image(T + "/two.tar", "two:1", [base, top]); image(T + "/packed.tar", "docker.io/library/packed:1", [base, top], True); image(T + "/evil.tar", "evil:1", [base, evil])
PY
IMG=docker.io/library/two:1
run() { timeout 30 ctr run --rm "$@"; }

# -- command line and configuration
check "--version names program, package, version" 'containerd --version | grep -Eq "^containerd \S+ 1\.6\.20"'
check "config default can be read back" 'containerd config default >$T/d.toml; grep -q "address = \"/run/containerd/containerd.sock\"" $T/d.toml; containerd -c $T/d.toml config dump | grep -q "^root = \"/var/lib/containerd\""'
check "config dump shows file and imports merged" 'printf "version = 2\nimports=[\"b.toml\"]\nroot = \"/r\"\n" >$T/a.toml; printf "[grpc]\nuid = 7\n" >$T/b.toml; containerd -c $T/a.toml config dump >$T/m; grep -q "^root = \"/r\"" $T/m; grep -q "^  uid = 7" $T/m'
check "a configuration that is missing is refused" 'out=$(containerd -c /nosuch 2>&1) && exit 1; eq "$out" "containerd: failed to load TOML: /nosuch: open /nosuch: no such file or directory"'
check "a log level that is none is refused" 'out=$(containerd -l bogus 2>&1) && exit 1; eq "$out" "containerd: not a valid logrus Level: \"bogus\""'
check "root and state must differ" 'out=$(containerd --root /run/r --state /run/r --address /run/r.sock 2>&1) && exit 1; echo "$out" | grep -q "^containerd: root and state must be different paths"'
check "publish without a topic is refused" 'out=$(containerd publish </dev/null 2>&1) && exit 1; eq "$out" "containerd: topic required to publish event: invalid argument"'

# -- content, images, snapshots
up; CTD=$(pgrep -x containerd | head -1)
check "both sockets have mode 0660" 'eq "$(stat -c %a /run/containerd/containerd.sock /run/containerd/containerd.sock.ttrpc | sort -u)" 660'
check "an archive of docker's is imported and unpacked" 'ctr images import $T/two.tar; ctr images ls -q | grep -qx $IMG; eq "$(ctr snapshots ls | grep -c Committed)" 2'
check "blobs on disk are what their names say" 'cd $BLOBS; for b in *; do eq "$(sha256sum <$b | cut -c1-64)" $b; done; [ "$(ls | wc -l)" -ge 4 ]'
check "whiteouts and opaque directories hide what is below" 'eq "$(run $IMG w1 sh -c "ls /a; ls /b" | tr "\n" " ")" "kept new "'
check "owner, mode, time, hard links, devices are kept" 'eq "$(run $IMG w2 stat -c "%u %g %a %Y" /own)" "33 34 4711 1000000000"; eq "$(run $IMG w3 stat -c %h /first)" 2; eq "$(run $IMG w4 stat -c "%t %T" /null)" "1 3"'
check "extended attributes are kept" 'f=$(ls $LAYERS/*/fs/xattr | head -1); python3 -c "import os,sys; sys.exit(os.getxattr(sys.argv[1], \"user.x\") != b\"y\")" $f || [ "$(stat -f -c %T $f)" = tmpfs ]'
check "an OCI archive of gzip layers gives the same snapshots" 'ctr images import $T/packed.tar; eq "$(ctr snapshots ls | grep -c Committed)" 2; eq "$(run docker.io/library/packed:1 w5 cat /b/new)" 7'
check "a layer cannot leave its directory" 'ctr images import $T/evil.tar || true; ! ls /run/escaped /run/escaped2 /run/escaped3'
check "a blob of another digest is refused and does not show" '! echo hi | ctr content ingest --expected-digest sha256:$(printf "%064d" 0) bad; ! ctr content ls -q | grep -q $(echo hi | sha256sum | cut -c1-64)'
check "a diff of a snapshot holds what changed and what is gone" 'top=$(ctr snapshots ls | awk "/Committed/ && NF > 2 {print \$1; exit}"); d=$(ctr snapshots mounts $T/disk dx >/dev/null 2>&1; ctr snapshots prepare dx $top >/dev/null; eval "$(ctr snapshots mounts $T/disk dx)"; rm $T/disk/a/kept; echo 8 >$T/disk/added; umount $T/disk; ctr snapshots diff --media-type application/vnd.oci.image.layer.v1.tar dx | tar -t | sort | tr "\n" " "); ctr snapshots rm dx; echo "$d" | grep -q "a/.wh.kept added "'
check "namespaces keep apart what they hold" 'eq "$(ctr -n other images ls -q)" ""; ctr ns create n1 k=v; ctr ns ls | grep -q "n1 *k=v"; ctr ns rm n1; ! ctr ns rm default'
check "filters that are none are told where" 'out=$(ctr content active "foo.*" 2>&1) && exit 1; eq "$out" "ctr: filters: parse error: [foo. >|*|< ]: expected field or quoted: invalid argument"; out=$(ctr images ls "na=x" 2>&1) && exit 1; eq "$out" "ctr: failed to list images: filters: parse error: [na >|=|< x]: unsupported operator \"=\": invalid argument: invalid argument"'
check "showing labels changes none" 'd=$(ctr content ls | awk "/gc.ref.content.config/ {print \$1; exit}"); before=$(ctr content ls | grep $d); ctr content label $d | grep -q gc.ref.content.config; eq "$(ctr content ls | grep $d)" "$before"'
check "an edited blob is a new one" 'd=$(ctr content ls | awk "/gc.ref.content.config/ {print \$1; exit}"); eq "$(ctr content edit --editor "echo >>" $d)" sha256:$( (ctr content get $d; echo) | sha256sum | cut -c1-64)'
check "a snapshot without a parent has a diff, and no view stays" 'low=$(ctr snapshots ls | awk "/Committed/ && NF == 2 {print \$1; exit}"); n=$(ctr snapshots ls | wc -l); ctr snapshots diff --media-type application/vnd.oci.image.layer.v1.tar $low | tar -t | grep -q bin/busybox; eq "$(ctr snapshots ls | wc -l)" $n'
check "labels are found by filters" 'ctr images label $IMG x.y=z >/dev/null; eq "$(ctr images ls -q "labels.\"x.y\"==z,name~=two")" $IMG; eq "$(ctr images ls -q name==none)" ""'

# -- tasks and events
ctr events >"$T/events" 2>&1 & EV=$!; sleep 0.5
check "a task's output and exit status come back" 'eq "$(run $IMG t1 echo hello)" hello; rc=0; run $IMG t2 sh -c "exit 7" || rc=$?; eq $rc 7'
check "events tell of its life in order" 'until_ok 3 "grep -q \"/containers/delete.*t2\" $T/events"; eq "$(grep -F t1 $T/events | grep -o " /[a-z]*/[a-z]* " | tr -d " " | grep -v snapshot | tr "\n" " ")" "/containers/create /tasks/create /tasks/start /tasks/exit /tasks/delete /containers/delete "'
check "nothing is left of them" 'eq "$(ls $STATE/default 2>/dev/null)" ""; ! grep -q $STATE /proc/mounts; ! pgrep -f containerd-shim-runc-v2'
check "a program that is missing fails, and nothing is left" 'out=$(run $IMG t3 /nosuch 2>&1) && exit 1; echo "$out" | grep -q "ctr: failed to create shim task: OCI runtime create failed.*/nosuch.*: unknown"; eq "$(ls $STATE/default)" ""; ! grep -q $STATE /proc/mounts; ! pgrep -f containerd-shim-runc-v2'
check "its words come once, and none from the runtime itself" 'out=$(run $IMG t3 nosuch 2>&1) && exit 1; eq "$(echo "$out" | wc -l)" 1; echo "$out" | grep -q "^ctr: failed to create shim task: OCI runtime create failed: "'
check "a runtime that is missing fails with its name" 'out=$(run --runtime io.containerd.foo.v9 $IMG t4 true 2>&1) && exit 1; echo "$out" | grep -q "runtime \"io.containerd.foo.v9\" binary not installed \"containerd-shim-foo-v9\": file does not exist: unknown"; eq "$(ls $STATE/default)" ""'
check "a second task of the same name is refused" 'ctr run -d --null-io $IMG long sleep 1000; out=$(ctr tasks start long 2>&1) && exit 1; echo "$out" | grep -q "task long: already exists"'
check "pause, resume, exec, ps, metrics" 'ctr tasks pause long; ctr tasks ls | grep -q "long.*PAUSED"; ctr tasks resume long; eq "$(ctr tasks exec --exec-id e1 long echo in)" in; ctr tasks ps long | grep -q "$(pid_of long)"; ctr tasks metrics long | grep -q ^ID'

# -- a daemon that dies
PID=$(pid_of long)
kill9; up
check "after kill -9 the task runs on and is found" '[ -n "$PID" ] && kill -0 $PID; eq "$(pid_of long)" $PID; eq "$(ctr tasks exec --exec-id e2 long echo again)" again'
kill $EV 2>/dev/null; ctr events >"$T/events2" 2>&1 & EV=$!; sleep 0.5
check "its end is still told, and its status kept" 'ctr tasks kill -s KILL long; until_ok 5 "grep -q \"/tasks/exit.*long\" $T/events2"; ctr tasks ls | grep -q "long.*STOPPED"; ctr tasks rm long; ctr containers rm long'
ctr run -d --null-io $IMG two sleep 1000; PID=$(pid_of two)
check "SIGTERM ends it at once and leaves containers running" 'kill -TERM $CTD; until_ok 3 "! kill -0 $CTD"; kill -0 $PID'
wait $CTD 2>/dev/null
SHIM=$(shim_of two); kill -9 $SHIM $PID
up
check "a shim that died meanwhile is cleaned up after" 'until_ok 5 "! ctr tasks ls | grep -q two"; eq "$(ls $STATE/default)" ""; ! grep -q $STATE /proc/mounts; ctr containers rm two'
kill $EV 2>/dev/null; ctr events >"$T/events3" 2>&1 & EV=$!; sleep 0.5
ctr run -d --null-io $IMG three sleep 1000; PID=$(pid_of three)
check "a shim that dies is noticed: exit and delete are told, nothing is left" 'kill -9 $(shim_of three); until_ok 10 "grep -q \"/tasks/delete.*three\" $T/events3"; grep -q "/tasks/exit.*three" $T/events3; until_ok 5 "! kill -0 $PID"; until_ok 5 "! ls $STATE/default/three"; ! grep -q $STATE/default/three /proc/mounts; ctr containers rm three'
for i in 1 2 3 4 5 6; do
    timeout 20 ctr run --rm $IMG k$i true >/dev/null 2>&1 & R=$!
    sleep 0.0$((i * 2)); kill9; up; wait $R
    for c in $(ctr tasks ls -q); do ctr tasks kill -s KILL $c >/dev/null 2>&1; sleep 0.2; ctr tasks rm -f $c >/dev/null 2>&1; done
    for c in $(ctr containers ls -q); do ctr containers rm $c >/dev/null 2>&1; done
done
ours "six kills in the midst of a start leave no task, bundle, mount or shim" 'eq "$(ctr tasks ls -q)" ""; until_ok 5 "! ls $STATE/default/* 2>/dev/null"; ! grep -q $STATE /proc/mounts; until_ok 5 "! pgrep -f containerd-shim-runc-v2"'
check "and the daemon still runs containers" 'eq "$(run $IMG after echo fine)" fine'
for i in 1 2 3; do
    ctr images import "$T/packed.tar" >/dev/null 2>&1 & R=$!
    sleep 0.0$((i * 3)); kill9; up; wait $R
done
check "kills in the midst of an import: it can be done again" 'ctr images import $T/packed.tar; eq "$(run docker.io/library/packed:1 w6 cat /b/new)" 7; cd $BLOBS; for b in *; do eq "$(sha256sum <$b | cut -c1-64)" $b; done'
ours "a start removes what no record knows" 'mkdir -p $LAYERS/9999/fs $ROOT/io.containerd.content.v1.content/ingest/9999; echo x >$BLOBS/$(printf "%064d" 0); kill9; up; ! ls -d $LAYERS/9999 $ROOT/io.containerd.content.v1.content/ingest/9999 $BLOBS/$(printf "%064d" 0)'
CTD=$(pgrep -x containerd | head -1)
ours "a second daemon on the same root is refused" '! timeout 20 containerd --address /run/x.sock --state /run/xs >$T/second 2>&1; grep -q "in use by another containerd" $T/second'

# -- garbage
check "what a lease holds stays when its image goes" 'd=$(ctr content ls -q | head -1); ctr leases create --id keep >/dev/null; ctr images ls -q | grep -q packed'
check "with their last image blobs and snapshots go, from disk too" 'ctr leases rm keep; for l in $(ctr leases ls -q); do ctr leases rm $l; done; for i in $(ctr images ls -q); do ctr images rm --sync $i; done; until_ok 5 "[ -z \"\$(ctr content ls -q)\" ]"; until_ok 5 "[ \$(ctr snapshots ls | wc -l) = 1 ]"; until_ok 5 "[ -z \"\$(ls $BLOBS $LAYERS | grep -v :)\" ]"'
kill $EV $CTD 2>/dev/null
cd /
umount -l "$T/disk" 2>/dev/null
echo "$PASSED passed, $FAILED failed"
[ $FAILED = 0 ]
