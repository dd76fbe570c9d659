#!/bin/bash
# Networks and volumes of dockerd on the real kernel: rules, addresses, names, ports, and what is left after kills.
#   networks.sh BIN      BIN holds the eight programs; everything runs in namespaces of its own.
. "$(dirname "$0")/../Scenario/stack.sh"

image >/dev/null 2>&1 || { echo "not ok - an image can be made"; echo "0 passed, 1 failed"; exit 1; }
containerd_up && dockerd_up || { echo "not ok - the daemons start"; tail -5 $T/*.log; echo "0 passed, 1 failed"; exit 1; }
docker load -i $T/busybox.tar >/dev/null 2>&1
cat >>$T/words <<'WORDS'
run() { docker run -d "$@" >/dev/null; }
inside() { docker exec "$@"; }
address() { docker inspect -f "{{(index .NetworkSettings.Networks \"$2\").IPAddress}}" "$1"; }
refused() { local text=$1 out; shift; out=$("$@" 2>&1) && { echo "not refused"; return 1; }; has "$out" "$text"; }
WORDS

# The default bridge.
ok "the filter table has the chains and rules of a fresh daemon" 'same "$(iptables -S FORWARD | tail -n +2 | head -3)" "-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"; same "$(iptables -S DOCKER-USER)" "-N DOCKER-USER
-A DOCKER-USER -j RETURN"'
ok "docker0 has the first address of 172.17.0.0/16" 'has "$(ip -4 -o addr show docker0)" "172.17.0.1/16"'
ok "a published port has its three rules" 'run --name web -p 8080:80 -p 127.0.0.1:9000:90/udp busybox httpd -f -p 80 -h /etc
a=$(address web bridge); has "$(iptables -t nat -S DOCKER)" "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination $a:80"
has "$(iptables -S DOCKER)" "-A DOCKER -d $a/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT"
has "$(iptables -t nat -S POSTROUTING)" "-A POSTROUTING -s $a/32 -d $a/32 -p tcp -m tcp --dport 80 -j MASQUERADE"
has "$(iptables -t nat -S DOCKER)" "-A DOCKER -d 127.0.0.1/32 ! -i docker0 -p udp -m udp --dport 9000 -j DNAT --to-destination $a:90"'
ok "the port answers on IPv4 and IPv6 loopback" 'has "$(busybox wget -qO- http://127.0.0.1:8080/hostname)" ""; has "$(busybox wget -qO- http://[::1]:8080/hostname)" ""'
ok "the container has eth0, a default route and no IPv6" 'has "$(inside web ip addr)" "eth0"; has "$(inside web ip route)" "default via 172.17.0.1 dev eth0"; same "$(inside web cat /proc/sys/net/ipv6/conf/all/disable_ipv6)" 1'
ok "a port that is published already is refused, and nothing is left" 'refused "Bind for 0.0.0.0:8080 failed: port is already allocated" docker run --rm -p 8080:80 busybox true; same "$(ip -o link | grep -c veth)" 1'
ok "a port that a stranger has is refused with the words of the proxy" 'busybox nc -l -p 7070 & p=$!; sleep 0.3
refused "Error starting userland proxy: listen tcp4 0.0.0.0:7070: bind: address already in use" docker run --rm -p 7070:80 busybox true; kill $p'
ok "-P gives ports from 32768 on" 'run --name all -P --expose 70-71 busybox sleep 1000; has "$(docker port all)" "70/tcp -> 0.0.0.0:3276"; docker rm -f all >/dev/null'
ok "links are in the hosts file and the environment" 'out=$(docker run --rm --link web:my-web busybox sh -c "cat /etc/hosts; env"); has "$out" "$(address web bridge)	my-web "; has "$out" "MY_WEB_PORT_80_TCP=tcp://$(address web bridge):80"'
ok "extra hosts, DNS settings and host-gateway" 'out=$(docker run --rm --add-host h:1.2.3.4 --add-host g:host-gateway --dns 9.9.9.9 --dns-search a.b --dns-option ndots:3 busybox cat /etc/hosts /etc/resolv.conf)
has "$out" "1.2.3.4	h"; has "$out" "172.17.0.1	g"; has "$out" "search a.b
nameserver 9.9.9.9
options ndots:3"'
ok "none has the loopback alone, host has the host'\''s, container shares" 'same "$(docker run --rm --network none busybox ip -o link | wc -l)" 1
has "$(docker run --rm --network host busybox ip -o link)" docker0; same "$(docker run --rm --network container:web busybox hostname -i)" "$(address web bridge)"'

# Networks of one's own.
ok "a network gets the next subnet and its bridge" 'docker network create n1 >/dev/null; same "$(docker network inspect -f "{{(index .IPAM.Config 0).Subnet}}" n1)" 172.18.0.0/16; has "$(ip -4 -o addr)" 172.18.0.1/16'
ok "names and aliases are resolved there, others are not" 'run --name db --network n1 --network-alias store busybox sleep 1000; run --name app --network n1 --link db:data busybox sleep 1000
for n in db store data db.n1; do has "$(inside app nslookup -type=a $n)" "$(address db n1)"; done; same "$(status docker exec app nslookup -type=a web)" 1'
ok "connect and disconnect while running" 'docker network connect n1 web; has "$(inside web ip addr)" eth1; has "$(inside app nslookup -type=a web)" "$(address web n1)"
docker network disconnect n1 web; same "$(inside web ip -o addr | grep -c eth1 || true)" 0'
ok "a network in use stays, an unused one goes" 'refused "has active endpoints" docker network rm n1; docker rm -f app db >/dev/null; docker network rm n1 >/dev/null; same "$(ip -o link | grep -c br- || true)" 0; same "$(iptables-save | grep -c br- || true)" 0'
ok "addresses asked for, ranges and internal networks" 'docker network create --internal --subnet 10.5.0.0/16 --ip-range 10.5.4.0/24 --aux-address a=10.5.4.1 n2 >/dev/null
run --name fixed --network n2 --ip 10.5.9.9 busybox sleep 1000; same "$(address fixed n2)" 10.5.9.9; refused "Address already in use" docker run --rm --network n2 --ip 10.5.9.9 busybox true
run --name next --network n2 busybox sleep 1000; same "$(address next n2)" 10.5.4.2; same "$(inside next ip route | grep -c default || true)" 0; docker rm -f fixed next >/dev/null; docker network prune -f >/dev/null'
ok "what is wrong is told in upstream'\''s words" 'refused "network nosuch not found" docker run --rm --network nosuch busybox true; refused "Pool overlaps with other one on this address space" docker network create --subnet 172.17.9.0/24 x
refused "plugin \"nosuch\" not found" docker network create -d nosuch x; refused "is a pre-defined network and cannot be removed" docker network rm bridge'

# What was asked for of an endpoint outlives its runs.
cat >>$T/words <<'WORDS'
asked() { docker inspect -f '{{range $n, $e := .NetworkSettings.Networks}}{{$n}} {{$e.MacAddress}} {{$e.IPAddress}} {{$e.Aliases}} {{$e.GwPriority}} {{$e.DriverOpts}};{{end}}' opts; inside opts sh -c 'ip route | head -1; cat /proc/sys/net/ipv4/conf/eth0/log_martians; nslookup -type=a near | tail -2'; }
WORDS
ok "hardware addresses, addresses, aliases, links, options and priorities of endpoints outlive restarts" 'docker network create --subnet 10.11.0.0/16 o1 >/dev/null; docker network create --subnet 10.12.0.0/16 o2 >/dev/null; run --name far --network o1 busybox sleep 1000
run --name opts --network name=o1,mac-address=02:00:00:00:00:11,ip=10.11.0.50,alias=al,driver-opt=com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.log_martians=1 --network name=o2,mac-address=02:00:00:00:00:22,gw-priority=5 --link far:near busybox sleep 1000
asked >$T/asked; for w in "o1 02:00:00:00:00:11 10.11.0.50 [al] 0" "o2 02:00:00:00:00:22" "default via 10.12.0.1" "Address: $(address far o1)"; do has "$(cat $T/asked)" "$w"; done; same "$(sed -n 3p $T/asked)" 1
docker restart -t 0 opts >/dev/null; same "$(asked)" "$(cat $T/asked)"; docker stop -t 0 opts >/dev/null; docker start opts >/dev/null; same "$(asked)" "$(cat $T/asked)"'
stop $DOCKERD KILL; rm -f /var/run/docker.pid; dockerd_up
ok "and the daemon'''s" 'same "$(asked)" "$(cat $T/asked)"; docker restart -t 0 opts >/dev/null; same "$(asked)" "$(cat $T/asked)"; docker network disconnect o2 opts; docker network connect o2 opts; has "$(asked)" "default via 10.11.0.1"; docker rm -f opts far >/dev/null; docker network rm o1 o2 >/dev/null'

# IPv6.
ok "a network with IPv6 has its addresses, gateway, names and ports" 'docker network create --ipv6 --subnet fd00:1::/64 six >/dev/null; has "$(ip -6 -o addr)" "fd00:1::1/64"; run --name w6 --network six -p 8086:80 -p "[::1]:8087:80" busybox httpd -f -p 80 -h /etc
same "$(docker inspect -f "{{range .NetworkSettings.Networks}}{{.GlobalIPv6Address}}/{{.GlobalIPv6PrefixLen}} {{.IPv6Gateway}}{{end}}" w6)" "fd00:1::2/64 fd00:1::1"; has "$(inside w6 ip -6 route)" "default via fd00:1::1 dev eth0"
same "$(inside w6 cat /proc/sys/net/ipv6/conf/all/disable_ipv6 /proc/sys/net/ipv6/conf/eth0/disable_ipv6 /proc/sys/net/ipv6/conf/lo/disable_ipv6 | xargs)" "1 0 0"; has "$(inside w6 cat /etc/hosts)" "fd00:1::2	"
has "$(docker network inspect six)" "fd00:1::2/64"; has "$(pgrep -fa "[d]ocker-proxy -proto")" "-host-ip :: -host-port 8086 -container-ip fd00:1::2 -container-port 80"
for u in "[::1]:8086" "[::1]:8087" 127.0.0.1:8086 "[fd00:1::2]"; do busybox wget -qO- http://$u/hostname >/dev/null; done
has "$(docker run --rm --network six busybox nslookup w6)" "fd00:1::2"; has "$(docker run --rm --network six busybox nslookup fd00:1::2)" "w6.six"; docker run --rm --network six busybox wget -qO- http://w6/hostname >/dev/null'
ok "IPv6 addresses asked for, refused and given back" 'docker network create --ipv6 --subnet 10.77.0.0/16 --subnet fd00:7::/64 --gateway fd00:7::99 both >/dev/null; has "$(docker run --rm --network both --ip6 fd00:7::55 busybox ip -6 addr)" "fd00:7::55/64"
refused "Invalid address fd00:77::5: It does not belong" docker run --rm --network both --ip6 fd00:77::5 busybox true; refused "Address already in use" docker run --rm --network both --ip6 fd00:7::99 busybox true
refused "user specified IP address is supported on user defined networks only" docker run --rm --ip6 fd00:7::5 busybox true; refused "Pool overlaps" docker network create --ipv6 --subnet fd00:7::/80 z; refused "non-overlapping IPv6 address pool" docker network create --ipv6 z; docker network rm both >/dev/null'
ok "connecting brings IPv6, disconnecting takes it" 'run --name c6 busybox sleep 1000; docker network connect six c6; has "$(inside c6 ip -6 route)" "default via fd00:1::1 dev eth1"; docker network disconnect six c6; same "$(inside c6 ip -6 addr)" ""; docker rm -f c6 w6 >/dev/null; docker network rm six >/dev/null; same "$(ip -6 -o addr | grep -c fd00 || true)" 0'

# Flows.
ok "flows of datagrams are forgotten with the container that they led to" '[ -e /proc/net/nf_conntrack ] || exit 0
ip netns add far; ip link add f0 type veth peer name f1 netns far; ip addr add 192.0.2.1/24 dev f0; ip link set f0 up; ip -n far addr add 192.0.2.2/24 dev f1; ip -n far link set f1 up
run --name udp -p 7007:7/udp busybox sleep 1000; a=$(address udp bridge); ip netns exec far bash -c "echo x >/dev/udp/192.0.2.1/7007"; has "$(cat /proc/net/nf_conntrack)" "src=$a"; docker rm -f udp >/dev/null; same "$(grep -c "src=$a " /proc/net/nf_conntrack || true)" 0; ip netns del far'

# Volumes.
ok "a new volume gets the image'\''s content, and keeps its own" 'docker run --rm -v data:/etc busybox sh -c "ls /etc; echo kept >/etc/mark" >/dev/null; has "$(ls /var/lib/docker/volumes/data/_data)" passwd; same "$(docker run --rm -v data:/mnt busybox cat /mnt/mark)" kept'
ok "a volume in use stays, and goes when it is not" 'run --name user -v data:/d -v /anon busybox sleep 1000; refused "volume is in use" docker volume rm data; docker rm -fv user >/dev/null; same "$(docker volume ls -q)" data; docker volume rm data >/dev/null; same "$(ls /var/lib/docker/volumes)" ""'
ok "a volume on tmpfs is mounted with its first container and unmounted with its last" 'docker volume create -o type=tmpfs -o device=tmpfs -o o=size=1m mem >/dev/null; run --name mm -v mem:/m busybox sleep 1000; has "$(findmnt -n /var/lib/docker/volumes/mem/_data)" tmpfs
docker rm -f mm >/dev/null; same "$(findmnt -n /var/lib/docker/volumes/mem/_data || true)" ""; docker volume rm mem >/dev/null'

ok "filters take patterns; options are checked as upstream does" 'docker volume create fob >/dev/null; docker volume create bar >/dev/null; same "$(docker volume ls -q -f name=^f.b)" fob; refused "missing required option: \"device\"" docker volume create -o o=bind v5; same "$(docker volume create -o type=tmpfs bar)" bar; docker volume rm fob bar >/dev/null
docker network create pat >/dev/null; same "$(docker network ls --format "{{.Name}}" -f "name=^p.t$")" pat; docker network rm pat >/dev/null; refused "No such container: nosuch" docker run --rm --volumes-from nosuch busybox true
refused "failed to allocate gateway (): No available addresses on this pool" docker network create --subnet 10.0.0.0/31 z; refused "configuration network \"n\" does not exist" docker network create --config-from n z'

# Kills.
docker network create n3 >/dev/null; docker run -d --name db3 --network n3 busybox sleep 1000 >/dev/null; docker run -d --name app3 --network n3 -p 8083:80 busybox httpd -f -p 80 -h /etc >/dev/null
pgrep -f '[d]ocker-proxy -proto' | sort >$T/proxies
stop $DOCKERD KILL; rm -f /var/run/docker.pid
ok "without a daemon the ports go on" 'busybox wget -qO- http://127.0.0.1:8083/hostname >/dev/null; busybox wget -qO- http://127.0.0.1:8080/hostname >/dev/null'
dockerd_up
ok "after its kill the daemon knows proxies, addresses and names again" 'same "$(pgrep -f "[d]ocker-proxy -proto" | sort)" "$(cat $T/proxies)"; has "$(docker exec app3 nslookup -type=a db3)" "$(address db3 n3)"; has "$(docker port app3)" 0.0.0.0:8083; run --name late busybox sleep 1000; [ "$(address late bridge)" != "$(address web bridge)" ]'
for pause in 0.02 0.05 0.1 0.2 0.3; do
    for i in 1 2 3; do (timeout 20 docker run -d -p 80 busybox sleep 1000 >/dev/null 2>&1 &); done
    sleep $pause; stop $DOCKERD KILL; rm -f /var/run/docker.pid; dockerd_up
done
mkdir -p $T/many/data && (cd $T/many && for i in $(seq 300); do echo $i >data/$i; done; tar -c . | docker import - many >/dev/null)
for pause in 0.05 0.1 0.15 0.2 0.25 0.3; do
    (timeout 20 docker run --rm -v copied:/data many true >/dev/null 2>&1 &); sleep $pause; stop $DOCKERD KILL; rm -f /var/run/docker.pid; dockerd_up; sleep 0.5
    ls /var/lib/docker/volumes/copied/_data 2>/dev/null | wc -l >>$T/copied; docker rm -f $(docker ps -aq) >/dev/null 2>&1; docker volume rm -f copied >/dev/null 2>&1
done
ok "a volume is filled as a whole or not at all" 'same "$(grep -vxc "0\|300" $T/copied || true)" 0'
for i in 1 2 3 4 5 6; do
    docker run -d --name moved$i busybox sleep 1000 >/dev/null; docker network create moving$i >/dev/null
    (for n in 1 2 3 4; do timeout 20 docker network connect moving$i moved$i; timeout 20 docker network disconnect moving$i moved$i; done >/dev/null 2>&1 &)
    sleep 0.$((RANDOM % 3))$((RANDOM % 10)); stop $DOCKERD KILL; rm -f /var/run/docker.pid; dockerd_up; sleep 0.5
done
ok "kills in the middle of connecting leave interfaces and inspection of one mind" 'for i in 1 2 3 4 5 6; do same "$(docker exec moved$i ip -o link | grep -c ": eth")" "$(docker inspect -f "{{len .NetworkSettings.Networks}}" moved$i)"; done'
ok "kills in the middle of starts leave nothing" 'docker rm -f $(docker ps -aq) >/dev/null; docker network prune -f >/dev/null
soon "! ip -o link | grep veth"; same "$(iptables-save | grep -cE -- "dport|br-" || true)" 0; same "$(ls /run/docker/netns)" ""; same "$(pgrep -f "[d]ocker-proxy -proto" || true)" ""; same "$(ls /var/lib/docker/network/files | grep -c sandbox || true)" 0'

# IPv6 of the default bridge, with rules.
stop $DOCKERD TERM; rm -f /var/run/docker.pid; dockerd_up --experimental --ip6tables --ipv6 --fixed-cidr-v6 fd00:d::/64
ok "ip6tables has the rules that iptables has" 'run --name v6 -p 8099:80 busybox httpd -f -p 80 -h /etc; a=fd00:d::242:ac11:2; same "$(docker inspect -f "{{.NetworkSettings.GlobalIPv6Address}}" v6)" $a
same "$(ip6tables -S FORWARD | head -3)" "-P FORWARD $(ip6tables -S FORWARD | head -1 | cut -d" " -f3)
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
has "$(ip6tables -t nat -S DOCKER)" "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8099 -j DNAT --to-destination [$a]:80"; has "$(ip6tables -S DOCKER)" "-A DOCKER -d $a/128 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT"
has "$(ip6tables -t nat -S POSTROUTING)" "-A POSTROUTING -s fd00:d::/64 ! -o docker0 -j MASQUERADE"; has "$(ip6tables -t nat -S OUTPUT)" "! -d ::1/128 -m addrtype --dst-type LOCAL -j DOCKER"; busybox wget -qO- "http://[::1]:8099/hostname" >/dev/null'
stop $DOCKERD KILL; rm -f /var/run/docker.pid; dockerd_up --experimental --ip6tables --ipv6 --fixed-cidr-v6 fd00:d::/64
ok "a restart draws them once, and the end of the container takes its own" 'same "$(ip6tables -t nat -S DOCKER | grep -c DNAT)" 1; same "$(ip6tables -S | grep -c -- "-i docker0 -o docker0 -j ACCEPT")" 1; docker rm -f v6 >/dev/null; same "$(ip6tables-save | grep -c dport || true)" 0'

# Interfaces beside the host's.
ok "a macvlan network stands on an interface of the host" 'ip link add mv0 type veth peer name mv1; ip link set mv0 up; ip link set mv1 up; docker network create -d macvlan -o parent=mv0 --subnet 10.55.0.0/24 lan >/dev/null || { ip link add link mv0 type macvlan 2>/dev/null || exit 0; }
run --name m1 --network lan busybox sleep 1000; has "$(inside m1 ip addr)" "10.55.0.2/24"; docker run --rm --network lan busybox ping -c 1 -W 5 m1 >/dev/null; refused "is already using parent interface mv0" docker network create -d macvlan -o parent=mv0 --subnet 10.56.0.0/24 lan2
docker network connect lan $(docker run -d --name m2 busybox sleep 1000); has "$(inside m2 ip addr)" eth1; docker network disconnect lan m2; same "$(inside m2 ip addr | grep -c eth1 || true)" 0
docker rm -f m1 m2 >/dev/null; docker network rm lan >/dev/null; has "$(ip -o link)" mv0; same "$(iptables-save | grep -c "10.55" || true)" 0'
finish
