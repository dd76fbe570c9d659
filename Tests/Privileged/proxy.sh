#!/bin/bash
# docker-proxy: readiness, TCP and UDP, both families, half-close, many connections, its end.
#   proxy.sh BIN      BIN holds docker-proxy; everything runs in a network namespace of its own.
set -u
BIN=$(readlink -f "${1:?usage: proxy.sh BIN}")
command -v python3 >/dev/null || { echo "not ok 1 - needs python3"; echo "0 passed, 1 failed"; exit 1; }
exec timeout 120 unshare --net --pid --fork --kill-child --mount --mount-proc --propagation private -- \
    python3 - "$BIN/docker-proxy" <<'PY'
import os, select, signal, socket, struct, subprocess, sys, threading, time
PROXY = sys.argv[1]
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
# fd limits high enough for the many-connections case
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (20000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
count = passed = failed = 0
def ok(name, good, detail=""):
    global count, passed, failed
    count += 1
    if good: passed += 1; print(f"ok {count} - {name}", flush=True)
    else: failed += 1; print(f"not ok {count} - {name}\n#   {detail}", flush=True)
procs = []
def start(*args, fd4=None, pass3=True):
    r, w = os.pipe()
    def pre():
        os.dup2(w, 3, inheritable=True)
        if fd4 is not None: os.dup2(fd4, 4, inheritable=True)
        elif "-use-listen-fd" in args: os.closerange(4, 5)
    p = subprocess.Popen([PROXY, *args], preexec_fn=pre, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    os.close(w)
    said = b""
    while select.select([r], [], [], 5)[0]:
        piece = os.read(r, 4096)
        if not piece: break
        said += piece
    os.close(r)
    procs.append(p)
    return p, said.decode()
def args(proto, hip, hport, cip, cport):
    return ["-proto", proto, "-host-ip", hip, "-host-port", str(hport), "-container-ip", cip, "-container-port", str(cport)]
def stop(p, sig=signal.SIGINT):
    p.send_signal(sig)
    try: return p.wait(5)
    except subprocess.TimeoutExpired: p.kill(); return "hung"
def server(family, address, handler):
    s = socket.socket(family, socket.SOCK_STREAM); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, 0)); s.listen(4096)
    def loop():
        while True:
            try: c, _ = s.accept()
            except OSError: return
            threading.Thread(target=handler, args=(c,), daemon=True).start()
    threading.Thread(target=loop, daemon=True).start()
    return s, s.getsockname()[1]
def echo(c):
    try:
        while True:
            d = c.recv(1 << 20)
            if not d: break
            c.sendall(d)
        c.shutdown(socket.SHUT_WR)
        c.close()
    except OSError: pass
def to_end(c):
    d = b""
    while True:
        p = c.recv(1 << 20)
        if not p: return d
        d += p
def dial(address, port, family=socket.AF_INET):
    c = socket.socket(family, socket.SOCK_STREAM); c.settimeout(10); c.connect((address, port)); return c

have28 = b"-use-listen-fd" in subprocess.run([PROXY, "-h"], capture_output=True).stderr
tcp, port = server(socket.AF_INET, "127.0.0.1", echo)
p, said = start(*args("tcp", "127.0.0.1", 7001, "127.0.0.1", port))
ok("says 0 when it listens", said == "0\n", repr(said))
c = dial("127.0.0.1", 7001); c.sendall(b"hello"); ok("passes bytes on and back", c.recv(10) == b"hello")
c.shutdown(socket.SHUT_WR); ok("half-close: the answer still comes", to_end(c) == b""); c.close()
big = os.urandom(1 << 20) * 24
c = dial("127.0.0.1", 7001); got = []
t = threading.Thread(target=lambda: got.append(to_end(c))); t.start(); c.sendall(big); c.shutdown(socket.SHUT_WR); t.join(30)
ok("24 MiB both ways are whole", got and got[0] == big, len(got[0]) if got else None); c.close()
pr = subprocess.run(["cat", f"/proc/{p.pid}/status"], capture_output=True, text=True).stdout
p2, said = start(*args("tcp", "127.0.0.1", 7001, "127.0.0.1", port))
ok("a busy port is told", said == "1\nlisten tcp4 127.0.0.1:7001: bind: address already in use", repr(said))
ok("and is status 1", p2.wait(5) == 1)
conns = []
for i in range(1500):
    c = dial("127.0.0.1", 7001); conns.append(c)
for i, c in enumerate(conns): c.sendall(b"%d" % i)
good = sum(c.recv(10) == b"%d" % i for i, c in enumerate(conns))
ok("1500 connections at once", good == 1500, good)
for c in conns: c.close()
time.sleep(0.5)
def sockets(p):
    links = [os.readlink(f"/proc/{p.pid}/fd/{n}") for n in os.listdir(f"/proc/{p.pid}/fd")]
    return sum(l.startswith("socket:") for l in links)
ok("their sockets are given back", sockets(p) < 20, sockets(p))
# a reader that stalls must not lose anything, nor stall others
c = dial("127.0.0.1", 7001)
def push():
    try: c.sendall(big); c.shutdown(socket.SHUT_WR)
    except OSError: pass
t = threading.Thread(target=push); t.start(); time.sleep(0.5)
d = dial("127.0.0.1", 7001); d.sendall(b"quick"); ok("a stalled connection does not stall others", d.recv(10) == b"quick"); d.close()
ok("and loses nothing", to_end(c) == big); t.join(); c.close()
ok("SIGINT ends it with 0", stop(p) == 0)

def greets(c):
    c.sendall(b"welcome"); c.recv(1); c.close()
s1, port1 = server(socket.AF_INET, "127.0.0.1", greets)
p, _ = start(*args("tcp", "127.0.0.1", 7009, "127.0.0.1", port1))
times = []
for _ in range(20):
    began = time.time(); c = dial("127.0.0.1", 7009); c.recv(7); times.append(time.time() - began); c.close()
ok("a server that speaks first is heard at once", min(times) < 0.03, times)
for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM): p.send_signal(number)
time.sleep(0.1); c = dial("127.0.0.1", 7009); ok("signals without a meaning are not heard", c.recv(7) == b"welcome"); c.close(); stop(p)
def closes(c):
    c.recv(1); c.sendall(b"bye"); c.close()
s2, port2 = server(socket.AF_INET, "127.0.0.1", closes)
p, _ = start(*args("tcp", "127.0.0.1", 7002, "127.0.0.1", port2))
c = dial("127.0.0.1", 7002); c.sendall(b"x"); ok("the server's close reaches the client", to_end(c) == b"bye"); c.close()
def after(c):
    d = to_end(c); c.sendall(b"got %d" % len(d)); c.close()
s3, port3 = server(socket.AF_INET, "127.0.0.1", after)
stop(p, signal.SIGTERM)
p, _ = start(*args("tcp", "127.0.0.1", 7003, "127.0.0.1", port3))
c = dial("127.0.0.1", 7003); c.sendall(b"y" * 300000); c.shutdown(socket.SHUT_WR); ok("the server may answer after the client's end", to_end(c) == b"got 300000"); c.close()
c = dial("127.0.0.1", 7003); c.sendall(b"z" * 5); time.sleep(0.2)
held = len(os.listdir(f"/proc/{p.pid}/fd"))
c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)); c.close(); time.sleep(0.3)
ok("a client's reset ends both sides at once", len(os.listdir(f"/proc/{p.pid}/fd")) <= held - 2)
ok("SIGTERM ends it with 0", stop(p, signal.SIGTERM) == 0)
p, _ = start(*args("tcp", "127.0.0.1", 7004, "127.0.0.1", 1))
c = dial("127.0.0.1", 7004)
try: end = c.recv(1)
except OSError as e: end = e
ok("nobody behind: a client that said nothing sees an end", end == b"", end); c.close()
p.send_signal(signal.SIGSTOP); c = dial("127.0.0.1", 7004); c.sendall(b"hello"); p.send_signal(signal.SIGCONT)
try: end = c.recv(1)
except OSError as e: end = e
ok("and one that said something is reset", isinstance(end, ConnectionResetError), end); c.close(); stop(p)
ok("and the reason is logged", b"Can't forward traffic to backend tcp/127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused" in p.stderr.read())

v6, port6 = server(socket.AF_INET6, "::1", echo)
p, said = start(*args("tcp", "::1", 7005, "::1", port6)); ok("IPv6 to IPv6", said == "0\n", said)
c = dial("::1", 7005, socket.AF_INET6); c.sendall(b"six"); ok("passes bytes over IPv6", c.recv(9) == b"six"); c.close(); stop(p)
p, said = start(*args("tcp", "::", 7006, "127.0.0.1", port)); c = dial("::1", 7006, socket.AF_INET6); c.sendall(b"mix"); ok("IPv6 in front of IPv4", c.recv(9) == b"mix"); c.close()
try: dial("127.0.0.1", 7006); only6 = False
except OSError: only6 = True
ok("'::' is IPv6 alone", only6)
p2, said = start(*args("tcp", "0.0.0.0", 7006, "127.0.0.1", port)); ok("and 0.0.0.0 fits beside it", said == "0\n", said); stop(p2)
p2, said = start(*args("tcp", "::", 7006, "127.0.0.1", port)); ok("a busy IPv6 port is told", said == "1\nlisten tcp6 [::]:7006: bind: address already in use", repr(said)); p2.wait(5)
stop(p)

u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("127.0.0.1", 0))
def uecho():
    while True:
        try: d, a = u.recvfrom(65535)
        except OSError: return
        u.sendto(d, a)
threading.Thread(target=uecho, daemon=True).start()
p, said = start(*args("udp", "127.0.0.1", 7007, "127.0.0.1", u.getsockname()[1])); ok("UDP says 0", said == "0\n", said)
clients = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(50)]
for i, k in enumerate(clients): k.settimeout(5); k.connect(("127.0.0.1", 7007)); k.send(b"c%d" % i)
ok("50 UDP clients get their own answers", sum(k.recv(99) == b"c%d" % i for i, k in enumerate(clients)) == 50)
clients[0].send(b"z" * 60000); ok("a large datagram", clients[0].recv(65535) == b"z" * 60000)
ok("UDP ends with 0", stop(p) == 0)
p, said = start(*args("udp", "127.0.0.1", u.getsockname()[1], "127.0.0.1", 9)); ok("a busy UDP port is told", said == f"1\nlisten udp4 127.0.0.1:{u.getsockname()[1]}: bind: address already in use", repr(said)); p.wait(5)
p, said = start(*args("udp", "127.0.0.1", 7008, "127.0.0.1", 7999))
k = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); k.connect(("127.0.0.1", 7008)); k.settimeout(5)
for _ in range(3): k.send(b"lost"); time.sleep(0.1)
late = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); late.bind(("127.0.0.1", 7999)); late.settimeout(5)
for _ in range(3): k.send(b"there?"); time.sleep(0.1)
d, a = late.recvfrom(99); late.sendto(b"yes", a)
ok("UDP outlives a backend that was away", d == b"there?" and k.recv(9) == b"yes"); stop(p)

subprocess.run("ip addr add 10.99.0.1/24 dev lo; ip addr add 10.99.0.2/24 dev lo; ip addr add fd99::1/64 dev lo nodad; ip addr add fd99::2/64 dev lo nodad", shell=True, check=True)
if have28:
    for family, anywhere, here, ours in ((socket.AF_INET, "0.0.0.0", "127.0.0.1", ("10.99.0.1", "10.99.0.2", "127.0.0.1")), (socket.AF_INET6, "::", "127.0.0.1", ("fd99::1", "fd99::2", "::1"))):
        p, said = start(*args("udp", anywhere, 7012, here, u.getsockname()[1]))
        for address in ours:
            k = socket.socket(family, socket.SOCK_DGRAM); k.settimeout(5); k.sendto(b"who", (address, 7012))
            ok(f"UDP on {anywhere} answers from {address}", k.recvfrom(9)[1][:2] == (address, 7012))
        stop(p)
p, said = start("-proto", "bogus"); ok("an unknown protocol is status 1", p.wait(5) == 1)
p, said = start("-nope"); ok("an unknown flag is status 2", p.wait(5) == 2)
ok("and is named", p.stderr.read().startswith(b"flag provided but not defined: -nope\nUsage of "))
p, said = start("-h"); ok("-h is status 0", p.wait(5) == 0)
if have28:
    l = socket.socket(); l.bind(("127.0.0.1", 7010)); l.listen(16)
    p, said = start(*args("tcp", "127.0.0.1", 7010, "127.0.0.1", port), "-use-listen-fd", fd4=l.fileno()); l.close()
    ok("-use-listen-fd takes the daemon's socket", said == "0\n", said)
    c = dial("127.0.0.1", 7010); c.sendall(b"fd4"); ok("and serves on it", c.recv(9) == b"fd4"); c.close(); stop(p)
    null = os.open("/dev/null", os.O_RDWR); datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); deaf = socket.socket(); deaf.bind(("127.0.0.1", 0))
    for proto, what, fd, why in (("tcp", "no descriptor", None, "fcntl: bad file descriptor"), ("tcp", "no socket", null, "getsockopt: socket operation on non-socket"),
                                 ("tcp", "a datagram socket for TCP", datagrams.fileno(), "protocol not supported"), ("udp", "a stream socket for UDP", deaf.fileno(), "protocol not supported")):
        p, said = start(*args(proto, "127.0.0.1", 7010, "127.0.0.1", port), "-use-listen-fd", fd4=fd)
        ok(f"-use-listen-fd with {what}", (said, p.wait(5)) == (f"1\nfile file+net listen-sock: {why}", 1), repr(said))
    p, said = start(*args("tcp", "127.0.0.1", 7010, "127.0.0.1", port), "-use-listen-fd", fd4=deaf.fileno())
    ok("a socket that does not listen ends it with 0", said == "0\n" and p.wait(5) == 0, repr(said))
    p, said = start(*args("sctp", "127.0.0.1", 7010, "127.0.0.1", port), "-use-listen-fd"); p.wait(5)
    ok("an SCTP socket is refused", said == "1\ncannot use supplied SCTP socket, check the latest docker-proxy is in your $PATH", repr(said))
for p in procs:
    if p.poll() is None: p.kill()
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
PY
