#!/bin/bash
# faults.sh FOLDER: kill -9 of each daemon in turn while containers run; then the truth, and nothing left.
. "$(dirname "$0")/stack.sh"
image
containerd_up
dockerd_up
ok "the stack is up" 'docker load -q -i $T/busybox.tar; docker run -d --name web -p 127.0.0.1:8080:80 busybox sh -c "httpd -h /www; while :; do date +%s; sleep 0.2; done" >>$T/ids
    docker run -d --name quiet --restart always busybox sleep 1000 >>$T/ids; docker inspect -f "{{.State.Pid}}" web >$T/pid; soon "curl -sf -m 3 http://127.0.0.1:8080/"'

stop $DOCKERD KILL
ok "dockerd killed: the container and its port go on" 'kill -0 $(cat $T/pid); curl -sf -m 3 http://127.0.0.1:8080/'
dockerd_up
ok "a new dockerd tells the truth" 'same "$(docker inspect -f "{{.State.Pid}} {{.State.Running}}" web)" "$(cat $T/pid) true"; same "$(docker ps -q | wc -l)" 2'
ok "no log line was lost meanwhile" 'n=$(docker logs web | wc -l); sleep 1; [ $(docker logs web | wc -l) -gt $n ]
    docker logs web | awk "NR > 1 && \$1 - last > 2 { exit 1 } { last = \$1 }"'
ok "the rules and proxies are there once" 'same "$(iptables -t nat -S DOCKER | grep -c DNAT)" 1; same "$(pgrep -fc "[d]ocker-proxy -proto")" 1'

stop $CONTAINERD KILL
ok "containerd killed: the container goes on" 'kill -0 $(cat $T/pid); curl -sf -m 3 http://127.0.0.1:8080/'
ok "ps still answers" 'same "$(timeout 5 docker ps -q | wc -l)" 2'
containerd_up
ok "ctr tells the truth" 'same "$(ctr -n moby tasks ls -q | wc -l)" 2; has "$(ctr -n moby tasks ls)" "$(cat $T/pid)"'
ok "exec works through both" 'soon "docker exec web true"; same "$(docker exec web echo again)" again'

stop $CONTAINERD KILL; stop $DOCKERD KILL
ok "both killed: the container goes on" 'kill -0 $(cat $T/pid); curl -sf -m 3 http://127.0.0.1:8080/'
kill -9 "$(cat $T/pid)"
containerd_up; dockerd_up
ok "an exit while both were away is not missed" 'soon "[ \"\$(docker inspect -f {{.State.Status}} web)\" = exited ]"; same "$(docker inspect -f "{{.State.ExitCode}}" web)" 137'
ok "the other still runs" 'same "$(docker inspect -f "{{.State.Running}}" quiet)" true'

ok "it starts again" 'docker start web; docker inspect -f "{{.State.Pid}}" web >$T/pid; soon "curl -sf -m 3 http://127.0.0.1:8080/"'
ok "a killed shim is noticed" 'p=$(cat $T/pid); s=$(ps -o ppid= -p $p | tr -d " "); kill -9 $s; soon "[ \"\$(docker inspect -f {{.State.Running}} web)\" = false ]"; soon "! kill -0 $p"'
ok "a restart policy works through a killed shim" 'p=$(docker inspect -f "{{.State.Pid}}" quiet); kill -9 $(ps -o ppid= -p $p | tr -d " ")
    soon "q=\$(docker inspect -f {{.State.Pid}} quiet); [ \$q != $p ] && [ \$q != 0 ]"'

ok "starting many" 'docker rm -f web; (for n in 1 2 3 4 5 6; do docker run -d --name burst$n -p 127.0.0.1:900$n:80 busybox sleep 500 >>$T/ids 2>/dev/null & done; wait) & sleep 0.25; true'
stop $DOCKERD KILL
dockerd_up
ok "killed in the middle of starts, dockerd knows them all or not at all" 'for c in $(docker ps -aq); do s=$(docker inspect -f "{{.State.Status}}" $c); case $s in running|created|exited) ;; *) echo $s; false ;; esac; done
    for c in $(docker ps -q); do docker exec $c true; done'
ok "what is left of them starts" 'for c in $(docker ps -aq --filter status=created --filter status=exited); do docker start $c; done'
mkdir -p $T/root && dd if=/dev/urandom of=$T/root/data bs=1M count=80 2>/dev/null
tar -C $T/root -cf - . | docker import - big:1 >/dev/null; docker save -o $T/big.tar big:1; docker rmi big:1 >/dev/null
docker load -q -i $T/big.tar >/dev/null 2>&1 &
sleep 0.15; stop $DOCKERD KILL; dockerd_up
ok "killed in the middle of a load, dockerd leaves no lease and no half-written blob" 'soon "[ -z \"\$(ctr -n moby leases ls -q)\" ]"
    soon "[ -z \"\$(ls /var/lib/containerd/io.containerd.content.v1.content/ingest)\" ]"'
docker load -q -i $T/big.tar >/dev/null 2>&1 &
sleep 0.15; stop $CONTAINERD KILL; containerd_up
ok "nor does it when containerd was killed" 'soon "[ -z \"\$(ctr -n moby leases ls -q)\" ]"
    soon "[ -z \"\$(ls /var/lib/containerd/io.containerd.content.v1.content/ingest)\" ]"'
docker run --rm --name gone busybox true >/dev/null 2>&1 & RUN=$!
sleep 0.1; stop $CONTAINERD KILL; sleep 0.5; containerd_up
ok "a container that removes itself is removed when containerd is back" 'soon "! docker inspect gone"; soon "! kill -0 '$RUN'"'
stop $DOCKERD KILL
mkdir -p /var/lib/docker/tmp/view-1 /var/lib/docker/tmp/r1/m $T/kept && echo x >$T/kept/f
mount --bind $T/kept /var/lib/docker/tmp/view-1; mount -t tmpfs left /var/lib/docker/tmp/r1/m
dockerd_up
ok "temporary mounts and files of a killed dockerd are taken down, and only those" 'same "$(ls -A /var/lib/docker/tmp)" ""; grep -E "docker/tmp/" /proc/self/mountinfo && false; same "$(cat $T/kept/f)" x'
ok "the load can be repeated" 'has "$(docker load -i $T/big.tar)" "big:1"; docker rmi big:1'
ok "rm -f removes everything" 'docker rm -f $(docker ps -aq); same "$(docker ps -aq)" ""; same "$(ctr -n moby tasks ls -q; ctr -n moby containers ls -q; ctr -n moby snapshots ls | grep -c "^[0-9a-f]\{64\} " || true)" 0'
ok "nothing is left" 'soon "[ -z \"\$(. $T/words; left)\" ]" || { left; false; }'
stop $DOCKERD; stop $CONTAINERD
finish
