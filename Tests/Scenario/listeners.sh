#!/bin/bash
# listeners.sh FOLDER: dockerd's sockets: TLS with and without the clients' certificates, several at once, inherited ones.
. "$(dirname "$0")/stack.sh"
image
C=$T/certificates && mkdir -p $C
authority() { openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -keyout $C/$1-key.pem -out $C/$1.pem 2>/dev/null; }
certificate() {  # NAME AUTHORITY EXTENSIONS: $C/NAME as DOCKER_CERT_PATH has it
    mkdir -p $C/$1
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout $C/$1/key.pem -out $C/$1/request 2>/dev/null
    printf "$3" >$C/$1/extensions
    openssl x509 -req -days 2 -in $C/$1/request -CA $C/$2.pem -CAkey $C/$2-key.pem -CAcreateserial \
        -extfile $C/$1/extensions -out $C/$1/cert.pem 2>/dev/null
    cp $C/ours.pem $C/$1/ca.pem
}
authority ours; authority other
certificate server ours 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth'
certificate client ours 'extendedKeyUsage=clientAuth'
certificate stranger other 'extendedKeyUsage=clientAuth'
mkdir -p $C/nobody $C/misled && cp $C/ours.pem $C/nobody/ca.pem && cp $C/client/*.pem $C/misled/ && cp $C/other.pem $C/misled/ca.pem
cat >>$T/words <<'WORDS'
C=$T/certificates
secure() { local as=$1; shift; DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=$C/$as timeout 20 docker -H tcp://127.0.0.1:2376 "$@"; }
WORDS
containerd_up
keys="--tlscacert $C/ours.pem --tlscert $C/server/cert.pem --tlskey $C/server/key.pem"
dockerd_up -H unix:///var/run/docker.sock -H unix://$T/second.sock -H tcp://127.0.0.1:2376 -H tcp://127.0.0.1:2377 --tlsverify $keys
ok "every socket answers" 'docker load -q -i $T/busybox.tar; docker -H unix://$T/second.sock version; secure client version
    DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=$C/client docker -H tcp://127.0.0.1:2377 version'
ok "a client without a certificate, or with a stranger's, is refused" 'same "$(status secure nobody version)" 1; same "$(status secure stranger version)" 1'
ok "a client that trusts another authority refuses the server" 'same "$(status secure misled version)" 1'
ok "plain HTTP is told so" 'has "$(curl -s -i http://127.0.0.1:2376/_ping)" "Client sent an HTTP request to an HTTPS server."
    has "$(docker -H tcp://127.0.0.1:2376 ps 2>&1 || true)" "Client sent an HTTP request to an HTTPS server."'
ok "run, exec and attach carry bytes both ways over TLS" 'same "$(echo abc | secure client run --rm -i busybox cat)" abc
    same "$(head -c 3000000 /dev/zero | secure client run --rm -i busybox wc -c)" 3000000
    same "$(secure client run --rm busybox head -c 3000000 /dev/zero | wc -c)" 3000000
    secure client run -d --name box busybox sh -c "while :; do echo tick; sleep 0.2; done" >>$T/ids; same "$(echo x | secure client exec -i box cat)" x
    same "$(status secure client exec box sh -c "exit 4")" 4; has "$(timeout -s KILL 1 docker -H unix:///var/run/docker.sock attach --no-stdin box; true)" tick'
ok "a terminal works over TLS" 'has "$(DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=$C/client timeout 20 script -qec "docker -H tcp://127.0.0.1:2376 run --rm -it busybox tty" /dev/null </dev/null)" /dev/pts'
stop $DOCKERD
dockerd_up -H unix:///var/run/docker.sock -H tcp://127.0.0.1:2376 --tls $keys
ok "--tls alone asks for certificates, too" 'same "$(status secure nobody version)" 1; secure client version'
stop $DOCKERD
dockerd_up -H unix:///var/run/docker.sock -H tcp://127.0.0.1:2376 --tlsverify=false $keys
ok "--tlsverify=false speaks TLS with everyone" 'secure nobody version; has "$(curl -s http://127.0.0.1:2376/_ping)" "HTTPS server"'
ok "the container ran through all of it" 'same "$(docker inspect -f "{{.State.Running}}" box)" true; docker rm -f box'
stop $DOCKERD
ok "what TLS cannot be spoken with is named" 'd() { timeout 20 dockerd --pidfile $T/x.pid -H tcp://127.0.0.1:2378 "$@" 2>&1 || true; }
    has "$(d --tls --tlscert /nosuch --tlskey /nosuch)" "could not load X509 key pair (cert: \"/nosuch\", key: \"/nosuch\")"
    has "$(d --tls --tlscert $C/server/cert.pem --tlskey $C/client/key.pem)" "error reading X509 key pair"
    has "$(d --tls --tlscert $C/server/cert.pem --tlskey $C/server/key.pem --tlscacert $C/ours-key.pem)" "failed to append certificates from PEM file"'
ok "a host of no form is refused" 'has "$(timeout 20 dockerd -H foo://bar 2>&1 || true)" "invalid argument \"foo://bar\" for \"-H, --host\" flag"
    has "$(timeout 20 dockerd --containerd=/run/containerd/containerd.sock --pidfile $T/x.pid -H fd:// 2>&1 || true)" "no sockets found via socket activation"'
cat >$T/activate.py <<'PY'
import os, socket
unix = socket.socket(socket.AF_UNIX); unix.bind(os.environ["T"] + "/given.sock"); unix.listen(16)
tcp = socket.socket(); tcp.bind(("127.0.0.1", 2379)); tcp.listen(16)
a, b = os.dup(unix.fileno()), os.dup(tcp.fileno())
a, b = os.dup2(a, 30), os.dup2(b, 31)
os.dup2(30, 3); os.dup2(31, 4)
os.environ.update(LISTEN_FDS="2", LISTEN_PID=str(os.getpid()))
os.execvp("dockerd", ["dockerd", "--containerd=/run/containerd/containerd.sock", "-H", "fd://", "-H", "unix:///var/run/docker.sock"])
PY
python3 $T/activate.py >>$T/dockerd.log 2>&1 & DOCKERD=$!
wait_until timeout 3 docker version
ok "sockets handed over are served beside its own" 'docker -H unix://$T/given.sock version; docker -H tcp://127.0.0.1:2379 version
    same "$(docker -H unix://$T/given.sock run --rm busybox echo there)" there'
stop $DOCKERD
ok "its own socket is removed, one handed over is not" '[ ! -S /var/run/docker.sock ]; [ -S $T/given.sock ]'
ok "nothing is left" 'soon "[ -z \"\$(. $T/words; left)\" ]" || { left; false; }'
stop $CONTAINERD
finish
