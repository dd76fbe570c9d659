#!/bin/bash
# endurance.sh FOLDER: many containers, four at a time. What came and went leaves no memory, descriptor or thread behind in
# the daemons; what restarts all the time can be stopped and removed at any instant.
. "$(dirname "$0")/stack.sh"
image
containerd_up
dockerd_up
docker load -q -i $T/busybox.tar >/dev/null
docker create --name source busybox >/dev/null; docker export source >$T/root.tar; docker rm source >/dev/null

# The first containers of an image make the layer they all share.
first_runs() {
    local image
    for image in one two three four five six; do
        echo $image >$T/$image; cp $T/root.tar $T/$image.tar; tar -C $T -rf $T/$image.tar $image
        docker import -q $T/$image.tar $image >/dev/null 2>&1 || docker import $T/$image.tar $image >/dev/null
        seq 4 | xargs -P 4 -I{} docker run --rm $image cat /$image
        docker rmi $image >/dev/null
    done
}
first_runs >$T/first 2>&1
ok "four first containers of a new image start at once" 'same "$(sort $T/first | uniq -c | tr -s " \n" " ")" " 4 five 4 four 4 one 4 six 4 three 4 two "'

life() { docker run --rm busybox true; docker run -d --name e$1 busybox sleep 300 >/dev/null && docker exec e$1 true && docker logs e$1 && docker rm -f e$1 >/dev/null; }
export -f life
lives() { seq $1 | xargs -P 4 -I{} bash -c 'life {}' 2>>$T/errors; sleep 2; }
measure() {
    local daemon
    for daemon in $DOCKERD $CONTAINERD; do
        echo $(awk '/^Anonymous:/ { print $2 }' /proc/$daemon/smaps_rollup) $(ls /proc/$daemon/fd | wc -l) $(ls /proc/$daemon/task | wc -l)
    done
}
lives 50; before=$(measure); lives 100; after=$(measure)
export before after
ok "two hundred containers come and go" 'same "$(cat $T/errors)" ""; same "$(docker ps -aq)" ""'
# Kilobytes, descriptors, threads; of dockerd, then of containerd.
within='set -- $before $after; echo "before $1 $2 $3, $4 $5 $6; after $7 $8 $9, ${10} ${11} ${12}"'
ok "they leave no memory behind" "$within; [ \$((\$7 - \$1)) -lt 2000 ] && [ \$((\${10} - \$4)) -lt 600 ]"
ok "nor descriptors, nor threads" "$within; [ \$((\$8 - \$2)) -lt 4 ] && [ \$((\${11} - \$5)) -lt 4 ] && [ \$((\$9 - \$3)) -lt 8 ] && [ \$((\${12} - \$6)) -lt 8 ]"

again() {
    docker run -d --name r$1 --restart always busybox sh -c 'sleep 0.05; exit 1' >/dev/null
    sleep 0.$((RANDOM % 9))
    [ $(($1 % 2)) = 0 ] || docker stop -t 1 r$1 >/dev/null
    [ $(($1 % 2)) = 0 ] || [ "$(docker inspect -f '{{.State.Status}}' r$1)" = exited ] || echo "r$1 runs on"
    docker rm -f r$1 >/dev/null
}
export -f again
seq 100 | xargs -P 4 -I{} bash -c 'again {}' >$T/again 2>&1
ok "what restarts all the time is stopped and removed at any instant" 'same "$(cat $T/again)" ""; same "$(docker ps -aq)" ""'
removed() {
    docker run -d --name m$1 busybox sleep 300 >/dev/null
    docker restart -t 0 m$1 >/dev/null 2>&1 &
    docker start m$1 >/dev/null 2>&1 &
    docker rm -f m$1 >/dev/null
    wait
}
export -f removed
seq 25 | xargs -P 2 -I{} bash -c 'removed {}' >$T/removed 2>&1
ok "who removes a container is not stopped by those who start it" 'same "$(cat $T/removed)" ""; same "$(docker ps -aq)" ""'
gone() { c=$(docker create busybox sleep 300); curl -s --max-time 0.0$(($1 % 5 + 1)) --unix-socket /var/run/docker.sock -X POST http://d/containers/$c/start; echo $c; }
export -f gone
seq 20 | xargs -P 2 -I{} bash -c 'gone {}' >$T/gone 2>&1
ok "a container is started though the client has gone" 'soon "same \"\$(docker inspect -f \"{{.State.Status}}\" \$(cat $T/gone) | sort -u)\" running"; docker rm -f $(cat $T/gone) >/dev/null'
ok "nothing is left" 'soon "[ -z \"\$(. $T/words; left)\" ]" || { left; false; }'
stop $DOCKERD; stop $CONTAINERD
finish
