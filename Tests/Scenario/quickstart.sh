#!/bin/bash
# quickstart.sh FOLDER: README's first command, as a new user types it; beside nothing, and beside another docker.
. "$(dirname "$0")/stack.sh"
mount -t tmpfs own /var/lib/slipway 2>/dev/null || { mkdir -p /var/lib/slipway && mount -t tmpfs own /var/lib/slipway; }
rm -rf "$top/.build/quickstart"
[ "$BIN" = "$top/.build/bin" ] || { echo "not ok - quickstart runs the programs in .build/bin"; echo "0 passed, 1 failed"; exit 1; }
quick() { "$top/Scripts/quickstart" "$@" </dev/null; }
network() { iptables -S; iptables -t nat -S; cat /proc/sys/net/ipv4/ip_forward; }
export -f network
network >$T/before
quick >$T/first 2>&1; echo $? >$T/status
ok "it ends well" 'same "$(cat $T/status)" 0 || { tail -5 $T/first; false; }'
ok "it shows docker-init at PID 1" 'grep -q "1 root .*/sbin/docker-init -- ps aux" $T/first'
ok "it fetches from the published port" 'grep -q "says: served from a container" $T/first'
ok "it prints the process tree" 'grep -q containerd-shim-runc-v2 $T/first; grep -q docker-proxy $T/first; grep -q "httpd -f" $T/first'
ok "it says how to go on and how to stop" 'grep -q "^Go on:" $T/first; grep -q "^Stop:" $T/first'
SECONDS=0; quick >$T/second 2>&1; echo $? $SECONDS >$T/again
ok "a second run takes seconds" 'read -r status seconds <$T/again; same $status 0; [ $seconds -le 20 ] || { cat $T/again; tail -5 $T/second; false; }'
quick stop >$T/stop 2>&1; echo $? >$T/status
ok "stop removes everything" 'same "$(cat $T/status)" 0 || { cat $T/stop; false; }; same "$(pgrep -f "[c]ontainerd-shim|[d]ockerd --containerd" | wc -l)" 0; [ ! -e /var/run/docker.sock ]; ip link show docker0 && false; same "$(network)" "$(cat $T/before)"'

containerd_up; dockerd_up
docker load -q -i <("$top/Scripts/image" /dev/stdout other:1) >/dev/null 2>&1
quick >$T/third 2>&1; echo $? >$T/status
ok "beside another docker it ends well too" 'same "$(cat $T/status)" 0 || { tail -5 $T/third; false; }; grep -q "says: served from a container" $T/third'
ok "the other docker is not disturbed" 'docker version >/dev/null; same "$(docker ps -aq)" ""; [ ! -e /root/.docker/contexts ]'
quick stop >$T/stop 2>&1; echo $? >$T/status
ok "stop removes its own things only" 'same "$(cat $T/status)" 0 || { cat $T/stop; false; }; docker version >/dev/null; [ ! -e /run/netns/slipway ]'
stop $DOCKERD; stop $CONTAINERD
finish
