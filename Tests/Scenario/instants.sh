#!/bin/bash
# instants.sh FOLDER: dockerd killed at random instants while three clients make, start, run into, rename, stop and
# remove containers; after each restart nothing acknowledged is lost, nothing removed is back, and in the end nothing is left.
. "$(dirname "$0")/stack.sh"
image
containerd_up
dockerd_up
docker load -q -i $T/busybox.tar >/dev/null
cp "$(dirname "$0")/instants.py" $T/
rounds() {  # SEED COUNT
    local n
    for n in $(seq $2); do
        python3 $T/instants.py work $1$n $T/told & local worker=$!
        sleep 0.$((RANDOM % 90 + 10)); stop $DOCKERD KILL; wait $worker
        dockerd_up
        python3 $T/instants.py check $T/told || { echo "round $1$n"; return 1; }
    done
}
failures=""
rounds 1 12 >$T/rounds 2>&1 || failures=$(cat $T/rounds)
export failures
ok "what was acknowledged is there after each of twelve kills, once" '[ -z "$failures" ] || { echo "$failures"; false; }'
docker ps -aq --no-trunc >>$T/ids
ok "everything can be removed" 'for n in 1 2 3; do c=$(docker ps -aq); [ -z "$c" ] && break; docker rm -f -v $c >/dev/null 2>&1 || sleep 1; done; same "$(docker ps -aq)" ""'
ok "containerd keeps nothing of it" 'soon "[ -z \"\$(ctr -n moby tasks ls -q; ctr -n moby containers ls -q; ctr -n moby leases ls -q; ctr -n moby snapshots ls | grep \"^[0-9a-f]\\{64\\} \")\" ]"
    soon "[ -z \"\$(ls /var/lib/docker/containers /run/docker/containerd)\" ]" || true; same "$(ls /var/lib/docker/containers)" ""; same "$(docker volume ls -q)" ""'
ok "nothing is left" 'soon "[ -z \"\$(. $T/words; left)\" ]" || { left; false; }'
docker run -d --name held --label kept=1 busybox sleep 300 >>$T/ids
docker exec -d held sleep 301
ok "an exec that outlives dockerd is shown as it was asked for, and its end is seen" 'docker inspect -f "{{index .ExecIDs 0}}" held >$T/exec'
stop $DOCKERD KILL; dockerd_up
ok "it is still the container's" 'same "$(docker inspect -f "{{index .ExecIDs 0}}" held)" "$(cat $T/exec)"
    e=$(curl -s --unix-socket /var/run/docker.sock http://d/exec/$(cat $T/exec)/json); has "$e" "\"Running\":true"; has "$e" "\"arguments\":[\"301\"]"
    kill $(echo "$e" | jq .Pid)
    soon "curl -s --unix-socket /var/run/docker.sock http://d/exec/$(cat $T/exec)/json | grep -q \"\\\"Running\\\":false\""; docker rm -f held'
stop $DOCKERD; stop $CONTAINERD
finish
