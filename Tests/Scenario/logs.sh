#!/bin/bash
# logs.sh FOLDER: what containers write, kept and given back: drivers, rotation, compression, followers, slow readers.
# Last line: N passed, N failed.
set -uo pipefail
. "$(dirname "$(readlink -f "$0")")/stack.sh"

image
containerd_up
dockerd_up
ok "the stack is up" 'docker load -q -i $T/busybox.tar'
cat >>$T/words <<'WORDS'
folder() { echo /var/lib/docker/containers/$(docker inspect -f '{{.Id}}' $1); }
run() { local name=$1; shift; docker run --name $name "$@"; }
WORDS
lines='i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done'

ok "a record of json-file, with attributes" 'run attrs -e AA=1 -e AB=2 -e C=3 --label x1=4 --log-opt env-regex=^A --log-opt labels=x1 --log-opt tag="{{.Name}}" busybox echo hi
    has "$(cat $(docker inspect -f "{{.LogPath}}" attrs))" "{\"log\":\"hi\\n\",\"stream\":\"stdout\",\"attrs\":{\"AA\":\"1\",\"AB\":\"2\",\"tag\":\"attrs\",\"x1\":\"4\"},\"time\":\"20"
    same "$(docker logs --details attrs)" "AA=1,AB=2,tag=attrs,x1=4 hi"'
for driver in json-file local; do
    export driver lines
    ok "$driver: rotated files are compressed and read" 'run r$driver --log-driver $driver --log-opt max-size=20k --log-opt max-file=40 --log-opt compress=true busybox sh -c "$lines" >$T/out
        docker logs r$driver | cmp - $T/out; same "$(docker logs --tail 1500 r$driver | head -n 1)" "line 1500"; soon "find $(folder r$driver) | grep -q gz"
        soon "! find $(folder r$driver) | grep -E \"log.[0-9]+$\""; docker logs r$driver | cmp - $T/out'
    ok "$driver: a follower misses nothing while files are rotated" 'run f$driver -d --log-driver $driver --log-opt max-size=20k --log-opt max-file=400 --log-opt compress=true busybox sh -c "sleep 0.5; $lines"
        docker logs -f f$driver | cmp - $T/out'
    ok "$driver: long lines, NUL bytes, no line feed at the end" 'run b$driver --log-driver $driver busybox sh -c "head -c 40000 /dev/zero | tr \"\\0\" x; printf \"\\na\\0b\\r\\n\\nend\"" >$T/binary
        docker logs b$driver | cmp - $T/binary; same "$(docker logs --tail 1 b$driver)" end'
    ok "$driver: a container that does not wait for its log" 'run n$driver --log-driver $driver --log-opt mode=non-blocking --log-opt max-buffer-size=4m busybox sh -c "$lines" >/dev/null; docker logs n$driver | cmp - $T/out'
done
ok "a slow client of docker run gets every byte" 'for n in 1 2 3 4 5; do same "$(docker run --rm busybox head -c 1500000 /dev/zero | { sleep 0.3; wc -c; })" 1500000; done'
ok "local files are not for others" 'same "$(docker inspect -f "{{.LogPath}}" rlocal)" ""; ls $(folder rlocal)/local-logs/container.log'
ok "upstream's words" 'has "$(docker create --log-driver local --log-opt tag=x busybox 2>&1)" "unknown log opt '\''tag'\'' for log driver local"
    has "$(docker create --log-driver odd busybox 2>&1)" "error looking up logging plugin odd: plugin \"odd\" not found"
    has "$(docker run --rm --log-opt compress=true busybox true 2>&1)" "failed to initialize logging driver: compress cannot be true when max-file is less than 2 or max-size is not set"
    docker run --name silent --log-driver none busybox echo hi; has "$(docker logs silent 2>&1)" "configured logging driver does not support reading"'
ok "a log that cannot be written stops no container, and the daemon says so once" 'c=$(docker create busybox sh -c "echo a; sleep 0.2; echo b"); ln -s /dev/full /var/lib/docker/containers/$c/$c-json.log; same "$(docker start -a $c | tr "\n" " ")" "a b "; same "$(docker wait $c)" 0
    same "$(grep -c "container $c: cannot write the log .*no space left on device" $T/dockerd.log)" 1'
docker rm -f $(docker ps -aq) >/dev/null
stop $DOCKERD
echo '{"log-driver":"local","log-opts":{"max-size":"1m"}}' >/etc/docker/daemon.json
dockerd_up
ok "the daemon's defaults and the container's own options" 'c=$(docker create --log-driver local --log-opt max-file=3 busybox); same "$(docker inspect -f "{{json .HostConfig.LogConfig}}" $c)" "{\"Type\":\"local\",\"Config\":{\"max-file\":\"3\",\"max-size\":\"1m\"}}"
    c=$(docker create --log-driver json-file busybox); same "$(docker inspect -f "{{json .HostConfig.LogConfig.Config}}" $c)" "{}"'
stop $DOCKERD
stop $CONTAINERD
finish
