#!/bin/bash
# tree.sh FOLDER: what a docker user does in a day, through all eight programs.
. "$(dirname "$0")/stack.sh"
image
ok "containerd answers" 'true' && containerd_up
dockerd_up
ok "docker info tells the server" 'has "$(docker info)" "Server Version"'
ok "docker version shows both sides" 'v=$(docker version); has "$v" Client; has "$v" Server'
ok "an image is loaded" 'has "$(docker load -i $T/busybox.tar)" "Loaded image: busybox:latest"'
ok "docker images lists it" 'has "$(docker images)" busybox; same "$(docker images -q | wc -l)" 1'
ok "ctr sees docker's image" 'has "$(ctr -n moby images ls)" "docker.io/library/busybox:latest"'
ok "run prints and returns the status" 'same "$(docker run --rm busybox echo hi)" hi; same "$(status docker run --rm busybox sh -c "exit 7")" 7'
ok "standard input reaches the container" 'same "$(echo abc | docker run --rm -i busybox cat)" abc'
ok "a missing command is 127, a bad one 126, a bad flag 125" 'same "$(status docker run --rm busybox nosuch)" 127
    same "$(status docker run --rm busybox /etc)" 126; same "$(status docker run --rm --nosuch busybox)" 125'
ok "environment, directory, user and host name" 'same "$(docker run --rm -e A=b -w /tmp -u 33 -h box busybox sh -c "echo \$A \$PWD \$(id -u) \$(hostname)")" "b /tmp 33 box"'
ok "--init puts docker-init at PID 1" 'has "$(docker run --rm --init busybox ps -o pid,args)" "1 /sbin/docker-init -- ps"'
ok "a terminal is a terminal" 'has "$(script -qec "docker run --rm -t busybox tty" /dev/null </dev/null)" /dev/pts'
ok "limits reach the cgroup" 'docker run -d --name lim -m 64m --pids-limit 50 busybox sleep 300 >>$T/ids
    same "$(docker exec lim sh -c "cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max")" 67108864; docker rm -f lim'
ok "run -d starts in the background" 'docker run -d --name web -p 127.0.0.1:8080:80 -p 8081:80 --label kind=web busybox sh -c "echo up; exec httpd -f -h /www" >>$T/ids
    same "$(docker inspect -f "{{.State.Running}}" web)" true'
ok "ps shows it with its ports" 'p=$(docker ps); has "$p" web; has "$p" "127.0.0.1:8080->80/tcp"'
ok "ps filters and formats" 'same "$(docker ps --filter label=kind=web --format "{{.Names}}")" web; same "$(docker ps -q --filter name=none)" ""'
ok "the published port answers on loopback" 'soon "curl -sf -m 3 http://127.0.0.1:8080/"; has "$(curl -s http://127.0.0.1:8080/)" container'
ok "docker-proxy runs for it with docker's arguments" 'has "$(pgrep -af docker-proxy)" "-proto tcp -host-ip 127.0.0.1 -host-port 8080 -container-ip 172.17.0."'
ok "iptables has the rule" 'has "$(iptables -t nat -S DOCKER)" "--dport 8081 -j DNAT --to-destination 172.17.0."'
ok "docker port names it" 'has "$(docker port web)" "80/tcp -> 127.0.0.1:8080"'
ok "the template of inspect gives the address" 'has "$(docker inspect -f "{{.NetworkSettings.IPAddress}}" web)" 172.17.0.'
ok "the shim's parent is not dockerd" 's=$(pgrep -f "containerd-shim-runc-v2 -namespace moby" | head -1); same "$(ps -o ppid= -p $s | tr -d " ")" 1'
ok "exec runs beside it" 'same "$(docker exec web cat /www/index.html)" "served from a container"; same "$(status docker exec web sh -c "exit 5")" 5'
ok "exec with input, user and directory" 'same "$(echo x | docker exec -i -u 33 -w /tmp web sh -c "cat; id -u; pwd" | tr "\n" " ")" "x 33 /tmp "'
ok "logs, with timestamps and tail" 'same "$(docker logs web)" up; has "$(docker logs -t --tail 1 web)" "Z up"'
ok "top and stats" 'has "$(docker top web)" httpd; has "$(docker stats --no-stream web)" web'
ok "cp goes both ways" 'echo new >$T/f; docker cp $T/f web:/tmp/g; docker cp web:/tmp/g $T/h; same "$(cat $T/h)" new; has "$(docker cp web:/tmp/g/ $T/x 2>&1)" "not a directory"'
ok "cp of a whole container stays in the folder named" 'docker create --name whole busybox >/dev/null; mkdir $T/in; docker cp whole:/ $T/in/new; docker rm whole >/dev/null; [ -x $T/in/new/bin/busybox ]; same "$(ls $T/in)" new'
ok "cp of a running container: its files and volumes, not what the kernel makes up, and nothing mounted for others to see" 'mkdir $T/bound; docker run -d --name cc -v $T/bound:/m -v cv:/v --tmpfs /t busybox sh -c "echo m >/m/f; echo v >/v/f; echo t >/t/f; sleep 300" >>$T/ids
    soon "[ -s $T/bound/f ]"; docker cp cc:/ - | { sleep 0.3; grep /var/lib/docker/tmp /proc/self/mountinfo >$T/seen || true; tar -tf - 2>/dev/null; } >$T/list; same "$(cat $T/seen)" ""; for f in m/f v/f etc/hosts; do grep -q "^/$f" $T/list; done
    same "$(grep -E "^/(proc|sys|t)/." $T/list)" ""; same "$(docker cp cc:/etc/hosts - | tar -xOf -)" "$(docker exec cc cat /etc/hosts)"'
ok "what cp puts into a running container is seen there, and no mount is replaced" 'docker cp $T/f cc:/m/new; docker cp $T/f cc:/v/new; docker cp $T/f cc:/root/new; same "$(docker exec cc cat /m/new /v/new /root/new | uniq -c | tr -s " ")" " 3 new"
    has "$(docker cp $T/f cc:/etc/hosts 2>&1)" "unlinkat /etc/hosts: device or resource busy"; docker exec cc grep -q localhost /etc/hosts; docker rm -f cc; docker volume rm cv'
ok "cp of a container that never ran has its volumes" 'docker create --name nn -v nv:/opt/data busybox >/dev/null; docker cp $T/f nn:/opt/data/f; same "$(docker cp nn:/opt - | tar -tf - | tr "\n" " ")" "opt/ opt/data/ opt/data/f "; docker rm nn; docker volume rm nv'
ok "export gives the file system" 'docker export web | tar -tf - | grep -q "^tmp/g$"'
ok "pause and unpause" 'docker pause web; has "$(docker ps)" Paused; docker unpause web; same "$(docker inspect -f "{{.State.Status}}" web)" running'
ok "rename" 'docker rename web www; docker inspect www >/dev/null; docker rename www web'
ok "events were recorded" 'has "$(docker events --since 10m --until 0s --filter container=web)" "container start"'
ok "a busy name, an unknown container, a running one" 'has "$(docker create --name web busybox 2>&1 || true)" "is already in use by container"
    has "$(docker start nosuch 2>&1 || true)" "No such container: nosuch"; has "$(docker rm web 2>&1 || true)" "cannot remove"'
ok "a busy port is refused, and nothing stays of it" 'has "$(docker run -d --name busy -p 127.0.0.1:8080:80 busybox sleep 9 2>&1 || true)" "port is already allocated"; docker rm -f busy'
ok "a network of one's own connects by name" 'docker network create lan >/dev/null; docker run -d --name aa --network lan busybox httpd -f -h /www >>$T/ids
    has "$(docker run --rm --network lan busybox wget -qO- http://aa/)" container; docker rm -f aa; docker network rm lan'
ok "a volume outlives its container" 'docker run --rm -v keep:/data busybox sh -c "echo kept >/data/x"; same "$(docker run --rm -v keep:/data busybox cat /data/x)" kept; docker volume rm keep'
ok "a folder of the host is mounted read-only" 'mkdir -p $T/host; echo h >$T/host/f; same "$(docker run --rm -v $T/host:/m:ro busybox sh -c "cat /m/f; touch /m/g 2>/dev/null || echo ro" | tr "\n" " ")" "h ro "'
ok "network none and host" 'same "$(docker run --rm --network none busybox ip -o link | wc -l)" 1; has "$(docker run --rm --network host busybox ip -o link)" docker0'
ok "a stopped container starts again" 'docker stop -t 1 web; same "$(docker inspect -f "{{.State.Status}}" web)" exited; docker start web; soon "curl -sf -m 3 http://127.0.0.1:8080/"'
ok "restart keeps the name and changes the process" 'p=$(docker inspect -f "{{.State.Pid}}" web); docker restart -t 1 web; [ "$p" != "$(docker inspect -f "{{.State.Pid}}" web)" ]'
ok "wait returns the status" 'docker run -d --name ww busybox sh -c "sleep 1; exit 3" >>$T/ids; same "$(docker wait ww)" 3; docker rm ww'
ok "a restart policy restarts" 'docker run -d --name rr --restart on-failure:2 busybox sh -c "exit 4" >>$T/ids; soon "[ \"\$(docker inspect -f {{.RestartCount}} rr)\" = 2 ]"; docker rm -f rr'
ok "tag, save and load again" 'docker tag busybox:latest mine:1; docker save -o $T/saved.tar mine:1; docker rmi mine:1; has "$(docker load -i $T/saved.tar)" "mine:1"; docker rmi mine:1'
ok "ps tells the image by its id when the name stands for it no more" 'docker tag busybox:latest t:1; docker create --name ii t:1 >/dev/null; docker commit ii child:1 >/dev/null; docker create --name jj child:1 >/dev/null; docker tag child:1 t:1
    i=$(docker images -q busybox); same "$(docker ps -a --filter name=ii --format {{.Image}})" $i; same "$(docker ps -a --filter ancestor=busybox --filter name=ii --filter name=jj -q | wc -l)" 2; docker tag busybox:latest t:1
    same "$(docker ps -a --filter name=ii --format {{.Image}})" t:1; docker rmi -f t:1; same "$(docker ps -a --filter name=ii --format {{.Image}})" $i; same "$(docker inspect -f {{.Config.Image}} ii)" t:1; docker rm ii jj; docker rmi child:1'
ok "diff and commit: what the container did, and nothing of the daemon" 'docker run --name df busybox sh -c "echo >/x; chown 1 /var; touch /tmp; chmod 777 /bin; chmod 755 /bin; rm -r /www; mkdir /www; echo >/www/k"
    same "$(docker diff df | sort | tr "\n" " ")" "A /www/k A /x C /var C /www D /www/index.html "; docker commit df df:1; docker save -o $T/df.tar df:1; soon "docker run --rm df:1 ls /.dockerenv"
    l=$(tar -xOf $T/df.tar manifest.json | sed "s/.*\"\([^\"]*\)\"\].*/\1/"); tar -xOf $T/df.tar $l | tar -tf - >$T/members; grep -q ^x $T/members; same "$(grep -c dockerenv $T/members)" 0; docker rm df; docker rmi df:1'
ok "prune takes children before their parents" 'docker commit $(docker create --name kk busybox) >/dev/null; docker rm kk; docker image prune -f | grep -q "deleted: "; same "$(docker images -q | wc -l)" 1'
ok "an image in use is not removed" 'has "$(docker rmi busybox 2>&1 || true)" "conflict"'
ok "dockerd restarts and everything runs on" 'docker inspect -f "{{.State.Pid}}" web >$T/before'
stop $DOCKERD; dockerd_up
ok "the same process, still published" 'same "$(docker inspect -f "{{.State.Pid}}" web)" "$(cat $T/before)"; has "$(curl -s -m 3 http://127.0.0.1:8080/)" container'
ok "its log goes on" 'docker exec web sh -c "echo later >/proc/1/fd/1"; soon "docker logs web | grep -q later"'
stop $CONTAINERD; containerd_up
ok "containerd restarts and the container runs on" 'soon "docker exec web true"; same "$(docker inspect -f "{{.State.Pid}}" web)" "$(cat $T/before)"; has "$(ctr -n moby tasks ls)" RUNNING'
ok "ctr runs a container without dockerd" 'ctr images import $T/busybox.tar >/dev/null; same "$(ctr run --rm docker.io/library/busybox:latest alone echo alone)" alone'
ok "runc runs a bundle by hand" 'mkdir -p $T/bundle/rootfs; docker export $(docker create --name exp busybox) | tar -C $T/bundle/rootfs -xf -; docker rm exp
    cd $T/bundle; runc spec; sed -i "s/\"terminal\": true/\"terminal\": false/; s/\"sh\"/\"echo\",\"by hand\"/" config.json; same "$(runc run byhand)" "by hand"'
ok "everything can be removed" 'docker rm -f $(docker ps -aq); same "$(docker ps -aq)" ""; ctr images rm docker.io/library/busybox:latest'
ok "nothing is left" 'soon "[ -z \"\$(. $T/words; left)\" ]" || { left; false; }'
stop $DOCKERD
stop $CONTAINERD
ok "the sockets are gone" '[ ! -S /var/run/docker.sock ]'
finish
