"""The tests of shim.sh: a stand-in for containerd that speaks ttrpc to one shim, and takes its events."""
import json, os, pty, re, select, shutil, signal, socket, struct, subprocess, sys, tempfile, threading, time

BIN = sys.argv[1]
SHIM = os.path.join(BIN, "containerd-shim-runc-v2")
NS = "probe"
os.makedirs("/run/containerd", exist_ok=True)
subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run/containerd"], check=True)
T = tempfile.mkdtemp(prefix="slipway-shim.")
CGROUP = "/slipway-shim-%d" % os.stat("/proc/self/ns/pid").st_ino
counts = {"n": 0, "ok": 0, "bad": 0}


def ok(name, good, detail=""):
    counts["n"] += 1
    counts["ok" if good else "bad"] += 1
    print(("ok %d - %s" if good else "not ok %d - %s") % (counts["n"], name), flush=True)
    if not good: print("#   " + repr(detail)[:600], flush=True)


def eq(name, got, wanted): ok(name, got == wanted, (got, "wanted", wanted))


def until(seconds, test):
    end = time.time() + seconds
    while time.time() < end:
        if test(): return True
        time.sleep(0.05)
    return bool(test())


# -- protocol buffers and ttrpc ---------------------------------------------------------------------------
def varint(n):
    n &= (1 << 64) - 1
    out = b""
    while n > 127: out += bytes([n & 127 | 128]); n >>= 7
    return out + bytes([n])


def field(number, value):
    if value in (0, b"", "", None, False): return b""
    if isinstance(value, int): return varint(number << 3) + varint(int(value))
    if isinstance(value, str): value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def fields(data):
    out, i = {}, 0
    def number():
        nonlocal i
        shift = value = 0
        while True:
            b = data[i]; i += 1
            value |= (b & 127) << shift; shift += 7
            if b < 128: return value
    while i < len(data):
        tag = number()
        if tag & 7 == 0: value = number()
        elif tag & 7 == 2: n = number(); value = data[i:i + n]; i += n
        elif tag & 7 == 1: value = data[i:i + 8]; i += 8
        else: value = data[i:i + 4]; i += 4
        out.setdefault(tag >> 3, []).append(value)
    return out


def one(message, number, default=0): return message.get(number, [default])[0]
def text(message, number): return one(message, number, b"").decode()
def any_of(url, value): return field(1, url) + field(2, value)


class Refused(Exception):
    def __init__(self, code, message): super().__init__("%d %s" % (code, message)); self.code, self.message = code, message


def receive(s):
    def exactly(n):
        d = b""
        while len(d) < n:
            p = s.recv(n - len(d))
            if not p: raise EOFError
            d += p
        return d
    length, stream, kind, _ = struct.unpack(">IIBB", exactly(10))
    return stream, kind, exactly(length)


class Client:
    def __init__(self, path):
        self.s = socket.socket(socket.AF_UNIX); self.s.connect(path)
        self.next, self.answers, self.lock, self.dead = 1, {}, threading.Condition(), False
        threading.Thread(target=self.read, daemon=True).start()
    def read(self):
        try:
            while True:
                stream, kind, body = receive(self.s)
                with self.lock: self.answers[stream] = body; self.lock.notify_all()
        except (EOFError, OSError):
            with self.lock: self.dead = True; self.lock.notify_all()
    def begin(self, method, body=b""):
        request = field(1, "containerd.task.v2.Task") + field(2, method) + field(3, body)
        with self.lock:
            stream = self.next; self.next += 2
            self.s.sendall(struct.pack(">IIBB", len(request), stream, 1, 0) + request)
        return stream
    def end(self, stream, seconds=20):
        with self.lock:
            if not self.lock.wait_for(lambda: stream in self.answers or self.dead, seconds): raise TimeoutError
            if stream not in self.answers: raise EOFError
            answer = fields(self.answers.pop(stream))
        status = fields(one(answer, 1, b""))
        if one(status, 1): raise Refused(one(status, 1), text(status, 2))
        return fields(one(answer, 2, b""))
    def call(self, method, body=b"", seconds=20): return self.end(self.begin(method, body), seconds)


class Events:
    """containerd's side of Events/Forward."""
    def __init__(self, path):
        self.path, self.seen = path, []
        self.open()
    def open(self):
        self.l = socket.socket(socket.AF_UNIX); self.l.bind(self.path); self.l.listen(8); self.open_now = True; self.conns = []
        threading.Thread(target=self.accept, args=(self.l,), daemon=True).start()
    def close(self):
        self.open_now = False
        self.l.shutdown(socket.SHUT_RDWR); self.l.close(); os.unlink(self.path)
        for c in self.conns:
            try: c.shutdown(socket.SHUT_RDWR)
            except OSError: pass
    def accept(self, l):
        while True:
            try: c, _ = l.accept()
            except OSError: return
            self.conns.append(c)
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()
    def serve(self, c):
        try:
            while True:
                stream, kind, body = receive(c)
                request = fields(body)
                envelope = fields(one(fields(one(request, 3, b"")), 1, b""))
                event = fields(one(envelope, 4, b""))
                self.seen.append((text(envelope, 3), text(envelope, 2), text(event, 1), fields(one(event, 2, b""))))
                answer = field(2, b"")
                c.sendall(struct.pack(">IIBB", len(answer), stream, 2, 0) + answer)
        except (EOFError, OSError): pass
    def topics(self): return [e[0] for e in self.seen]
    def of(self, topic): return [e[3] for e in self.seen if e[0] == topic]


# -- bundles ----------------------------------------------------------------------------------------------
CONTAINERD = T + "/containerd.sock"
events = Events(CONTAINERD + ".ttrpc")
os.makedirs(T + "/rootfs/bin")
busybox = shutil.which("busybox")
shutil.copy(busybox, T + "/rootfs/bin/busybox")
for name in "sh cat sleep echo true tty stty kill head id printf seq".split(): os.symlink("busybox", T + "/rootfs/bin/" + name)
for name in "proc dev sys tmp".split(): os.makedirs(T + "/rootfs/" + name)


def bundle(id, args, terminal=False, annotations=None, namespaces=("pid", "mount", "ipc", "uts"), memory=None):
    b = T + "/state/" + NS + "/" + id
    os.makedirs(b + "/rootfs"); os.makedirs(b + "/work")
    os.mkfifo(b + "/log")
    fd = os.open(b + "/log", os.O_RDWR | os.O_NONBLOCK)
    logs[id] = fd
    spec = {"ociVersion": "1.0.2", "root": {"path": "rootfs"}, "hostname": id[:60], "process": {"terminal": terminal, "user": {"uid": 0, "gid": 0},
            "args": args, "env": ["PATH=/bin"], "cwd": "/", "capabilities": {k: ["CAP_KILL"] for k in ("bounding", "effective", "permitted")}},
            "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}, {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
                       {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]}],
            "linux": {"cgroupsPath": CGROUP + "/" + id, "namespaces": [{"type": n} for n in namespaces], "resources": {}}}
    if namespaces == ("mount", "ipc", "uts"): spec["hostname"] = id
    if annotations: spec["annotations"] = annotations
    if memory: spec["linux"]["resources"]["memory"] = {"limit": memory, "swap": memory}
    json.dump(spec, open(b + "/config.json", "w"))
    return b
logs = {}


def flags(id, *more): return [SHIM, "-namespace", NS, "-address", CONTAINERD, "-publish-binary", "/bin/true", *more, "-id", id]


def start(id, b, options=b""):
    return subprocess.run(flags(id) + ["start"], cwd=b, input=options, capture_output=True, env=dict(os.environ, TTRPC_ADDRESS=CONTAINERD + ".ttrpc"), timeout=20)


def fifo(path):
    os.mkfifo(path)
    return path


def read_all(path, seconds=10):
    """What a fifo gives until its end."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK); out = b""; end = time.time() + seconds; begun = False
    while time.time() < end:
        if not select.select([fd], [], [], 0.2)[0]: continue
        try: piece = os.read(fd, 65536)
        except BlockingIOError: continue
        if not piece:
            if begun: break
            time.sleep(0.05); continue
        begun = True; out += piece
    os.close(fd)
    return out


def mounts(b):  # the root comes as a mount, as from a snapshot
    return field(3, field(1, "bind") + field(2, T + "/rootfs") + field(4, "rbind") + field(4, "rw"))


def create(c, id, b, stdin="", stdout="", stderr="", terminal=False, options=b""):
    return c.call("Create", field(1, id) + field(2, b) + mounts(b) + field(4, int(terminal)) + field(5, stdin) + field(6, stdout) + field(7, stderr) + field(10, options))


def ids(id, exec_id=""): return field(1, id) + field(2, exec_id)
def refusal(function, *args):
    try: function(*args)
    except Refused as e: return (e.code, e.message)
    return None
def mounted(b): return any(b in line for line in open("/proc/self/mountinfo"))
def alive(pid): return os.path.exists("/proc/%d" % pid) and open("/proc/%d/stat" % pid).read().rsplit(") ", 1)[1][0] != "Z"
def shim_pid(c, id): return one(c.call("Connect", field(1, id)), 1)
CREATED, RUNNING, STOPPED, PAUSED = 1, 2, 3, 4
def status(c, id, exec_id=""): return one(c.call("State", ids(id, exec_id)), 4)


# -- the command line ------------------------------------------------------------------------------------
def command_line():
    p = subprocess.run([SHIM, "-v"], capture_output=True, text=True); ok("-v is no error", p.returncode == 0 and "Version:" in p.stdout, p)
    p = subprocess.run([SHIM, "-nope"], capture_output=True, text=True)
    ok("an unknown flag is status 2", p.returncode == 2 and p.stderr.startswith("flag provided but not defined: -nope\nUsage of "), p)
    p = subprocess.run([SHIM], capture_output=True, text=True); eq("no namespace", (p.returncode, p.stderr.strip()), (1, "io.containerd.runc.v2: shim namespace cannot be empty"))


# -- one container from start to end ---------------------------------------------------------------------
def life():
    b = bundle("one", ["sh", "-c", "echo out; echo err >&2; while read -r line; do echo got $line; done; exit 7"])
    p = start("one", b)
    address = p.stdout.decode()
    import hashlib
    wanted = "unix:///run/containerd/s/" + hashlib.sha256((CONTAINERD + "/" + NS + "/one").encode()).hexdigest()
    eq("start prints the address", (p.returncode, address), (0, wanted))
    eq("and keeps it in the bundle", open(b + "/address").read(), wanted)
    eq("the socket is root's alone", os.stat(address[7:]).st_mode & 0o777, 0o600)
    c = Client(address[7:])
    pid = shim_pid(c, "one")
    ok("the shim is not our child, and has no terminal", os.readlink("/proc/%d/fd/0" % pid) == "/dev/null" and os.getpgid(pid) != os.getpgid(0))
    eq("its directory is the bundle", os.readlink("/proc/%d/cwd" % pid), b)
    eq("its score is its parent's and one", int(open("/proc/%d/oom_score_adj" % pid).read()), int(open("/proc/self/oom_score_adj").read()) + 1)
    eq("State of nothing", refusal(c.call, "State", ids("one")), (5, "container not created: not found"))
    eq("Kill of nothing", refusal(c.call, "Kill", ids("one") + field(3, 9)), (5, "container not created: not found"))
    i, o, e = fifo(b + "/in"), fifo(b + "/out"), fifo(b + "/err")
    fo, fe = os.open(o, os.O_RDONLY | os.O_NONBLOCK), os.open(e, os.O_RDONLY | os.O_NONBLOCK)
    answer = create(c, "one", b, i, o, e)
    task = one(answer, 1)
    ok("Create answers with the pid", alive(task), task)
    eq("State: created", status(c, "one"), CREATED)
    state = c.call("State", ids("one"))
    eq("State has the names", (text(state, 1), text(state, 2), one(state, 3), text(state, 5), text(state, 6), text(state, 7)), ("one", b, task, i, o, e))
    eq("init.pid", open(b + "/init.pid").read().strip(), str(task))
    ok("options.json and runtime are kept", os.path.exists(b + "/options.json") and os.path.exists(b + "/runtime"))
    ok("the root is mounted", mounted(b + "/rootfs"))
    eq("pausing what has not started", refusal(c.call, "Pause", ids("one")), (2, "cannot pause task in created state"))
    waiting = c.begin("Wait", ids("one"))
    eq("Start answers with the pid", one(c.call("Start", ids("one")), 1), task)
    eq("State: running", status(c, "one"), RUNNING)
    eq("starting twice", refusal(c.call, "Start", ids("one")), (2, "cannot start a running process"))
    eq("deleting what runs", refusal(c.call, "Delete", ids("one")), (2, "cannot delete a running process"))
    eq("Connect knows the task", one(c.call("Connect", field(1, "one")), 2), task)
    fi = os.open(i, os.O_WRONLY)
    os.write(fi, b"a\n"); ok("input comes", until(5, lambda: select.select([fo], [], [], 0)[0]))
    time.sleep(0.3); first = os.read(fo, 999)
    os.close(fi); fi = os.open(i, os.O_WRONLY); os.write(fi, b"b\n"); time.sleep(0.3)
    eq("a client may leave and come back", first + os.read(fo, 999), b"out\ngot a\ngot b\n")
    eq("errors have a stream of their own", os.read(fe, 99), b"err\n")
    pids = [one(fields(x), 1) for x in c.call("Pids", field(1, "one")).get(1, [])]
    ok("Pids has the task", task in pids, pids)
    stats = fields(one(c.call("Stats", field(1, "one")), 1, b""))
    ok("Stats", text(stats, 1) in ("io.containerd.cgroups.v1.Metrics", "io.containerd.cgroups.v2.Metrics") and len(one(stats, 2, b"")) > 20, stats)
    def update(limits): return c.call("Update", field(1, "one") + field(2, any_of("types.containerd.io/opencontainers/runtime-spec/1/LinuxResources", json.dumps(limits).encode())))
    def pids_now(): return fields(one(fields(one(fields(one(c.call("Stats", field(1, "one")), 1, b"")), 2, b"")), 1 if text(stats, 1).endswith("v2.Metrics") else 2, b""))
    update({"pids": {"limit": 77}}); eq("Update, and Stats knows", (one(pids_now(), 1) >= 1, one(pids_now(), 2)), (True, 77))
    got = refusal(update, {"cpu": {"cpus": "4000"}})
    ok("an Update that the kernel refuses", got and got[0] == 2 and "cpuset.cpus" in got[1], got)
    c.call("Pause", field(1, "one")); eq("State: paused", status(c, "one"), PAUSED)
    eq("pausing twice", refusal(c.call, "Pause", field(1, "one")), (2, "cannot pause a paused container"))
    c.call("Resume", field(1, "one")); eq("State: running again", status(c, "one"), RUNNING)
    eq("a process that is not there", refusal(c.call, "State", ids("one", "nope")), (5, "process does not exist nope: not found"))
    execs(c, b, task)
    os.close(fi)
    c.call("CloseIO", ids("one") + field(3, 1))
    end = c.end(waiting)
    eq("CloseIO ends the input, Wait tells the status", one(end, 1), 7)
    eq("Wait afterwards", one(c.call("Wait", ids("one")), 1), 7)
    eq("State: stopped, with the status", (status(c, "one"), one(c.call("State", ids("one")), 9)), (STOPPED, 7))
    eq("killing what has ended", refusal(c.call, "Kill", ids("one") + field(3, 15)), (5, "process already finished: not found"))
    eq("an exec in what has ended", refusal(c.call, "Exec", ids("one", "late") + field(7, any_of("x", b"{}"))) , (2, "cannot exec in a stopped state"))
    gone = c.call("Delete", ids("one"))
    eq("Delete answers with pid and status", (one(gone, 1), one(gone, 2)), (task, 7))
    ok("the root is unmounted", not mounted(b + "/rootfs"))
    eq("deleting twice", refusal(c.call, "Delete", ids("one")), (5, "container not created: not found"))
    ok("the output ends", until(5, lambda: select.select([fo], [], [], 0)[0] and os.read(fo, 99) == b""))
    until(5, lambda: "/tasks/delete" in events.topics())
    order = [t for t in events.topics() if t in ("/tasks/create", "/tasks/start", "/tasks/paused", "/tasks/resumed", "/tasks/delete")]
    eq("events come in order", order, ["/tasks/create", "/tasks/start", "/tasks/paused", "/tasks/resumed", "/tasks/delete"])
    ok("with namespace and type", events.seen[0][1:3] == (NS, "containerd.events.TaskCreate"), events.seen[0])
    last = [x for x in events.of("/tasks/exit") if text(x, 2) == "one"]
    eq("one exit, with pid and status", [(text(x, 1), one(x, 3), one(x, 4)) for x in last], [("one", task, 7)])
    try: c.call("Shutdown", field(1, "one"))
    except EOFError: pass
    ok("Shutdown ends the shim", until(5, lambda: not alive(pid)))
    ok("and its socket", not os.path.exists(address[7:]))


def execs(c, b, task):
    def spec(args, **more): return any_of("types.containerd.io/opencontainers/runtime-spec/1/Process", json.dumps(dict({"user": {"uid": 0, "gid": 0}, "args": args, "env": ["PATH=/bin"], "cwd": "/"}, **more)).encode())
    o = fifo(b + "/exec-out")
    fo = os.open(o, os.O_RDONLY | os.O_NONBLOCK)
    e = fifo(b + "/exec-err")
    fe = os.open(e, os.O_RDONLY | os.O_NONBLOCK)
    body = ids("one", "e1") + field(5, o) + field(6, e) + field(7, spec(["sh", "-c", "echo from exec; exit 5"]))
    # field numbers: 3 terminal, 4 stdin, 5 stdout, 6 stderr, 7 spec
    c.call("Exec", body)
    eq("an exec that waits is created", status(c, "one", "e1"), CREATED)
    eq("the same exec twice", refusal(c.call, "Exec", body), (6, "id e1: already exists"))
    eq("killing what has not started", refusal(c.call, "Kill", ids("one", "e1") + field(3, 9)), (9, "process not created: failed precondition"))
    waiting = c.begin("Wait", ids("one", "e1"))
    pid = one(c.call("Start", ids("one", "e1")), 1)
    ok("its pid is new", pid not in (0, task), pid)
    eq("its status", one(c.end(waiting), 1), 5)
    eq("State: stopped", (status(c, "one", "e1"), one(c.call("State", ids("one", "e1")), 9)), (STOPPED, 5))
    eq("killing it then", refusal(c.call, "Kill", ids("one", "e1") + field(3, 9)), (5, "process already finished: not found"))
    gone = c.call("Delete", ids("one", "e1")); eq("Delete of an exec", (one(gone, 1), one(gone, 2)), (pid, 5))
    eq("its output", os.read(fo, 99), b"from exec\n"); os.close(fo); os.close(fe)
    eq("and then it is gone", refusal(c.call, "State", ids("one", "e1")), (5, "process does not exist e1: not found"))
    c.call("Exec", ids("one", "e2") + field(7, spec(["sleep", "100"])))
    c.call("Start", ids("one", "e2")); eq("an exec that runs", status(c, "one", "e2"), RUNNING)
    c.call("Kill", ids("one", "e2") + field(3, 9)); eq("is killed", one(c.call("Wait", ids("one", "e2")), 1), 137)
    c.call("Delete", ids("one", "e2"))
    c.call("Exec", ids("one", "e3") + field(7, spec(["nosuch"])))
    got = refusal(c.call, "Start", ids("one", "e3"))
    ok("an exec of nothing is told in the runtime's words", got and got[0] == 2 and got[1].startswith("OCI runtime exec failed: ") and "nosuch" in got[1], got)
    c.call("Delete", ids("one", "e3"))
    tty = fifo(b + "/tty"); ft = os.open(tty, os.O_RDONLY | os.O_NONBLOCK)
    ti = fifo(b + "/tty-in")
    c.call("Exec", ids("one", "e4") + field(3, 1) + field(4, ti) + field(5, tty) + field(7, spec(["sh", "-c", "tty; read x; stty size; echo $x"], terminal=True)))
    c.call("Start", ids("one", "e4"))
    c.call("ResizePty", ids("one", "e4") + field(3, 91) + field(4, 33))
    fi = os.open(ti, os.O_WRONLY); os.write(fi, b"typed\n")
    eq("a terminal's exec ends", one(c.call("Wait", ids("one", "e4")), 1), 0)
    c.call("Delete", ids("one", "e4")); os.close(fi)
    said = b""
    while True:
        try: piece = os.read(ft, 999)
        except BlockingIOError: break
        if not piece: break
        said += piece
    ok("a terminal, its size and what is typed", b"/dev/pts/" in said and b"33 91" in said and said.count(b"typed") == 2, said)
    def told(): return [t for t, _, _, e in list(events.seen) if t in ("/tasks/exec-added", "/tasks/exec-started", "/tasks/exit") and text(e, 2) == "e1"]
    until(5, lambda: "/tasks/exit" in told())
    eq("exec events in order", told(), ["/tasks/exec-added", "/tasks/exec-started", "/tasks/exit"])


# -- failures and odd ways -------------------------------------------------------------------------------
def failures():
    b = bundle("bad", ["nosuch"])
    address = start("bad", b).stdout.decode(); c = Client(address[7:]); pid = shim_pid(c, "bad")
    got = refusal(create, c, "bad", b)
    ok("a command that is not there", got and got[0] == 2 and got[1].startswith("OCI runtime create failed: ") and "nosuch" in got[1], got)
    ok("leaves no mount", not mounted(b + "/rootfs"))
    os.unlink(b + "/log.json")
    got = refusal(create, c, "bad", b, "", "", "", False, any_of("containerd.runc.v1.Options", field(6, "no-such-runtime")))
    ok("a runtime that is not there", got and got[0] == 2 and "no-such-runtime" in got[1], got)
    ok("leaves no mount either", not mounted(b + "/rootfs"))
    eq("a method that is not there", (refusal(c.call, "Nonsense") or (0,))[0], 12)
    try: c.call("Shutdown", field(1, "bad"))
    except EOFError: pass
    ok("Shutdown without a task ends it", until(5, lambda: not alive(pid)))


def signals_and_output():
    b = bundle("two", ["sh", "-c", "trap 'exit 3' TERM; seq 1 200000; echo done >&2; while :; do sleep 0.1; done"])
    c = Client(start("two", b).stdout.decode()[7:])
    o, e = fifo(b + "/out"), fifo(b + "/err"); fe = os.open(e, os.O_RDONLY | os.O_NONBLOCK)
    got = []
    reader = threading.Thread(target=lambda: got.append(read_all(o, 20))); reader.start()
    create(c, "two", b, "", o, e); c.call("Start", ids("two"))
    eq("Shutdown with a task is nothing", (c.call("Shutdown", field(1, "two")), status(c, "two"))[1], RUNNING)
    ok("large output passes", until(10, lambda: select.select([fe], [], [], 0)[0]))
    c.call("Kill", ids("two") + field(3, 15))
    eq("SIGTERM reaches the task", one(c.call("Wait", ids("two")), 1), 3)
    c.call("Delete", ids("two")); reader.join(10)
    eq("and all of it came", got and got[0], b"".join(b"%d\n" % n for n in range(1, 200001)))
    ended = len(events.of("/tasks/exit"))
    try: c.call("Shutdown", field(1, "two"))
    except EOFError: pass

    b = bundle("file", ["sh", "-c", "echo to a file; echo and errors >&2"])
    c = Client(start("file", b).stdout.decode()[7:])
    create(c, "file", b, "", "file://" + T + "/logs/file.log", "file://" + T + "/logs/file.log"); c.call("Start", ids("file")); c.call("Wait", ids("file")); c.call("Delete", ids("file"))
    ok("a file as the stream", until(5, lambda: os.path.exists(T + "/logs/file.log") and sorted(open(T + "/logs/file.log").read().split("\n")) == ["", "and errors", "to a file"]))
    try: c.call("Shutdown", field(1, "file"))
    except EOFError: pass

    logger = T + "/logger"
    open(logger, "w").write("#!/bin/sh\necho \"$CONTAINER_ID $CONTAINER_NAMESPACE $*\" >%s/logger.out\nexec 5>&-\ncat <&3 >>%s/logger.out\n" % (T, T)); os.chmod(logger, 0o755)
    b = bundle("binary", ["echo", "to a program"])
    c = Client(start("binary", b).stdout.decode()[7:])
    uri = "binary://" + logger + "?key=value"
    create(c, "binary", b, "", uri, uri); c.call("Start", ids("binary")); c.call("Wait", ids("binary")); c.call("Delete", ids("binary"))
    ok("a program as the stream", until(5, lambda: os.path.exists(T + "/logger.out") and open(T + "/logger.out").read() == "binary probe key value\nto a program\n"), open(T + "/logger.out").read() if os.path.exists(T + "/logger.out") else None)
    try: c.call("Shutdown", field(1, "binary"))
    except EOFError: pass


def terminal():
    b = bundle("term", ["sh", "-c", "tty; read x; stty size; exit 4"], terminal=True)
    c = Client(start("term", b).stdout.decode()[7:])
    i, o = fifo(b + "/in"), fifo(b + "/out"); fo = os.open(o, os.O_RDONLY | os.O_NONBLOCK)
    create(c, "term", b, i, o, "", True)
    c.call("ResizePty", ids("term") + field(3, 81) + field(4, 25)); c.call("Start", ids("term"))
    fi = os.open(i, os.O_WRONLY); time.sleep(0.2); os.write(fi, b"x\n")
    eq("a terminal's task ends", one(c.call("Wait", ids("term")), 1), 4)
    c.call("Delete", ids("term")); said = b""
    while select.select([fo], [], [], 0.3)[0]:
        piece = os.read(fo, 999)
        if not piece: break
        said += piece
    ok("its terminal and size", b"/dev/pts/0" in said and b"25 81" in said, said)
    ok("no socket for it is left", not [n for n in os.listdir("/tmp") if n.startswith("pty") and os.path.exists("/tmp/" + n + "/pty.sock")])
    try: c.call("Shutdown", field(1, "term"))
    except EOFError: pass


def groups():
    a = bundle("g1", ["sleep", "100"], annotations={"io.kubernetes.cri.sandbox-id": "pod"})
    b = bundle("g2", ["sleep", "100"], annotations={"io.kubernetes.cri.sandbox-id": "pod"})
    first, second = start("g1", a).stdout, start("g2", b).stdout
    ok("a sandbox's containers share a shim", first == second and first, (first, second))
    c = Client(first.decode()[7:])
    create(c, "g1", a); create(c, "g2", b); c.call("Start", ids("g1")); c.call("Start", ids("g2"))
    c.call("Kill", ids("g1") + field(3, 9)); eq("one ends", one(c.call("Wait", ids("g1")), 1), 137)
    eq("the other runs on", status(c, "g2"), RUNNING)
    c.call("Delete", ids("g1")); c.call("Shutdown", field(1, "g1")); eq("Shutdown waits for the last", status(c, "g2"), RUNNING)
    c.call("Kill", ids("g2") + field(3, 9)); c.call("Wait", ids("g2")); c.call("Delete", ids("g2"))
    try: c.call("Shutdown", field(1, "g2"))
    except EOFError: pass


def away():
    b = bundle("away", ["sleep", "100"])
    c = Client(start("away", b).stdout.decode()[7:]); pid = shim_pid(c, "away")
    create(c, "away", b); c.call("Start", ids("away"))
    until(5, lambda: len([e for e in events.of("/tasks/start") if text(e, 1) == "away"]) == 1)
    events.close()
    c.s.close()                      # containerd is killed
    time.sleep(0.3)
    c = Client(open(b + "/address").read()[7:])
    eq("a new connection after containerd's death", status(c, "away"), RUNNING)
    c.call("Kill", ids("away") + field(3, 9)); eq("an end while nobody listens", one(c.call("Wait", ids("away")), 1), 137)
    time.sleep(0.5); events.open()
    ok("is told once somebody does", until(15, lambda: [one(e, 4) for e in events.of("/tasks/exit") if text(e, 1) == "away"] == [137]))
    eq("and kept until Delete", one(c.call("State", ids("away")), 9), 137)
    c.call("Delete", ids("away"))
    try: c.call("Shutdown", field(1, "away"))
    except EOFError: pass
    ok("it ends", until(8, lambda: not alive(pid)))


def killed():
    b = bundle("dead", ["sleep", "100"])
    address = start("dead", b).stdout.decode()
    c = Client(address[7:]); pid = shim_pid(c, "dead")
    task = one(create(c, "dead", b), 1); c.call("Start", ids("dead"))
    os.kill(pid, 9); until(5, lambda: not alive(pid))
    p = subprocess.run(flags("dead", "-bundle", b) + ["delete"], cwd=b, capture_output=True, timeout=30)
    answer = fields(p.stdout)
    eq("delete after kill -9: pid and 137", (p.returncode, one(answer, 1), one(answer, 2)), (0, task, 137))
    ok("the task is gone", until(5, lambda: not alive(task)))
    ok("the root is unmounted", not mounted(b + "/rootfs"))
    ok("no cgroup is left", not any(os.path.exists("/sys/fs/cgroup/%s%s/dead" % (h, CGROUP)) for h in ("memory", "pids", "cpu", "devices", "unified", ".")))
    ok("no state of the runtime is left", not os.path.exists("/run/containerd/runc/%s/dead" % NS))
    p = subprocess.run(flags("dead", "-bundle", b) + ["delete"], cwd=b, capture_output=True, timeout=30); eq("a second delete is no error", p.returncode, 0)


def shared_pids():
    b = bundle("shared", ["sh", "-c", "sleep 98765 & exit 0"], namespaces=("mount", "ipc", "uts"))
    c = Client(start("shared", b).stdout.decode()[7:])
    create(c, "shared", b); c.call("Start", ids("shared")); c.call("Wait", ids("shared"))
    def left(): return [p for p in os.listdir("/proc") if p.isdigit() and alive(int(p)) and b"98765" in open("/proc/%s/cmdline" % p, "rb").read() and b"sleep\0" in open("/proc/%s/cmdline" % p, "rb").read()]
    ok("without a pid namespace its children end with it", until(5, lambda: not left()), left())
    c.call("Delete", ids("shared"))
    try: c.call("Shutdown", field(1, "shared"))
    except EOFError: pass


def memory():
    if not os.path.isdir("/sys/fs/cgroup/memory") and not os.path.exists("/sys/fs/cgroup/cgroup.controllers"): return
    b = bundle("oom", ["sh", "-c", "x=a; while :; do x=$x$x; done"], memory=16 << 20)
    c = Client(start("oom", b).stdout.decode()[7:])
    create(c, "oom", b); c.call("Start", ids("oom"))
    eq("too much memory ends it", one(c.call("Wait", ids("oom"), 60), 1) in (137, 2), True)
    ok("and is told", until(5, lambda: [text(e, 1) for e in events.of("/tasks/oom")][:1] == ["oom"]), events.topics())
    c.call("Delete", ids("oom"))
    try: c.call("Shutdown", field(1, "oom"))
    except EOFError: pass


def light():
    b = bundle("idle", ["sleep", "100"])
    c = Client(start("idle", b).stdout.decode()[7:]); pid = shim_pid(c, "idle")
    create(c, "idle", b); c.call("Start", ids("idle"))
    rollup = open("/proc/%d/smaps_rollup" % pid).read()
    anonymous = int(re.search(r"Anonymous:\s+(\d+)", rollup).group(1)); threads = len(os.listdir("/proc/%d/task" % pid))
    print("# anonymous memory %d kB, %d threads" % (anonymous, threads))
    c.call("Kill", ids("idle") + field(3, 9)); c.call("Wait", ids("idle")); c.call("Delete", ids("idle"))
    try: c.call("Shutdown", field(1, "idle"))
    except EOFError: pass


try:
    for test in (command_line, life, failures, signals_and_output, terminal, groups, away, killed, shared_pids, memory, light):
        try: test()
        except Exception as e:  # the rest is worth knowing all the same
            import traceback
            ok(test.__name__ + " runs through", False, traceback.format_exc()[-500:])
    time.sleep(0.3)
    left = [p for p in os.listdir("/proc") if p.isdigit() and int(p) != os.getpid() and alive(int(p)) and b"containerd-shim" in open("/proc/%s/cmdline" % p, "rb").read()]
    eq("no shim is left", left, [])
finally:
    for p in os.listdir("/proc"):  # all that is left in this pid namespace is ours
        if p.isdigit() and int(p) != os.getpid():
            try: os.kill(int(p), 9)
            except OSError: pass
    time.sleep(0.3)
    subprocess.run("umount -l %s/state/*/*/rootfs" % T, shell=True, stderr=subprocess.DEVNULL)
    for root, dirs, _ in os.walk("/sys/fs/cgroup", topdown=False):
        if CGROUP in root + "/":
            try: os.rmdir(root)
            except OSError: pass
    shutil.rmtree(T, ignore_errors=True)
print("%d passed, %d failed" % (counts["ok"], counts["bad"]))
sys.exit(counts["bad"] != 0)
