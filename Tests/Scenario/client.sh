#!/bin/bash
# client.sh FOLDER: what the client does beside the daemon: plugins, contexts, helpers, ssh, proxies, completion.
. "$(dirname "$0")/stack.sh"
image
containerd_up
dockerd_up
docker load -qi $T/busybox.tar >/dev/null
docker run -d --name web busybox sleep 1000 >>$T/ids
docker create --name idle busybox true >>$T/ids

# Programs that stand in for others, first on PATH.
mkdir -p $T/bin $DOCKER_CONFIG/cli-plugins
program() { printf '#!/bin/bash\n%s\n' "$2" >"$1"; chmod +x "$1"; }
metadata='[ "$1" = docker-cli-plugin-metadata ] && { echo "{\"SchemaVersion\":\"0.1.0\",\"Vendor\":\"Acme\",\"Version\":\"v1\",\"ShortDescription\":\"Says hello\"}"; exit; }'
program $DOCKER_CONFIG/cli-plugins/docker-hello "$metadata"'
[ "$1" = __complete ] && { printf "one\ttwo\n:4\n"; exit; }
echo "args: $*"; env | grep ORIGINAL_CLI; exit 7'
program $DOCKER_CONFIG/cli-plugins/docker-junk 'echo junk'
program $T/bin/ssh 'echo "$*" >>'$T/ssh.log'
[ -z "$SSHFAILS" ] || { echo "no route" >&2; exit 255; }
exec docker -H unix:///run/docker.sock system dial-stdio'
program $T/bin/docker-credential-fake 'echo "$1 $(cat)" >>'$T/helper.log
export PATH=$T/bin:$PATH

ok "a plugin runs with the words given, and its status is docker's" 'out=$(docker hello -x y) || s=$?; same "$s" 7
    has "$out" "args: hello -x y"; has "$out" DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND=docker'
ok "flags before a plugin reach it" 'has "$(docker -D hello --help || true)" "args: -D hello --help"'
ok "help lists plugins with a star, and what is wrong with others" 'h=$(docker --help); has "$h" "hello*      Says hello"
    has "$h" "junk        invalid metadata: invalid character"'
ok "info tells of plugins" 'i=$(docker info 2>&1); has "$i" "hello: Says hello (Acme)"; has "$i" "docker-junk\" is not valid: invalid metadata"'
ok "a broken or missing plugin is an unknown command" 'has "$(docker junk 2>&1 || true)" "docker: unknown command: docker junk"
    has "$(docker nosuch 2>&1 || true)" "docker: unknown command: docker nosuch"; same "$(status docker nosuch)" 1'
ok "the alias of the builder gives build to a plugin" 'mkdir $T/alias; cp -r $DOCKER_CONFIG/cli-plugins $T/alias; echo "{\"aliases\":{\"builder\":\"hello\"}}" >$T/alias/config.json
    has "$(docker --config $T/alias build . || true)" "args: --config $T/alias hello build ."; has "$(docker --config $T/alias image build . || true)" "hello build ."'
ok "BuildKit asked for without buildx is an error" 'has "$(DOCKER_BUILDKIT=1 docker build . 2>&1 || true)" "ERROR: BuildKit is enabled but the buildx component is missing"'
ok "a plugin completes its own words" 'same "$(docker __complete hello "" | tr "\t\n" "= ")" "one=two :4 "'
ok "commands, flags and values are completed" 'has "$(docker __complete he 2>/dev/null)" "hello	Says hello"; has "$(docker __complete run --rest 2>/dev/null)" "--restart	Restart policy"
    has "$(docker __complete run --restart "" 2>&1)" "unless-stopped"; same "$(docker __complete build "" 2>/dev/null)" :16'
ok "names are completed by what a command can take" 'same "$(docker __complete stop "" 2>/dev/null | tr "\n" " ")" "web :4 "
    same "$(docker __complete start "" 2>/dev/null | tr "\n" " ")" "idle :4 "; has "$(docker __complete run "" 2>/dev/null)" busybox:latest
    same "$(docker __complete network disconnect bridge "" 2>/dev/null | sort | tr "\n" " ")" ":4 idle web "'
ok "bash completes with the script" 'source <(docker completion bash); COMP_LINE="docker sto"; COMP_POINT=10; __docker_complete; same "${COMPREPLY[*]}" stop
    COMP_LINE="docker run --restart=un"; COMP_POINT=${#COMP_LINE}; __docker_complete; same "${COMPREPLY[*]}" unless-stopped'

ok "ssh carries the API" 'same "$(docker -H ssh://me@far:2222/run/docker.sock ps -q --no-trunc)" "$(docker ps -q --no-trunc)"
    has "$(cat $T/ssh.log)" "-o ConnectTimeout=30 -T -l me -p 2222 -- far docker --host unix:///run/docker.sock system dial-stdio"'
ok "ssh carries streams both ways" 'same "$(echo abc | docker -H ssh://far exec -i web cat)" abc; same "$(status docker -H ssh://far exec web sh -c "exit 5")" 5'
ok "what ssh says of a failure is told" 'has "$(SSHFAILS=1 docker -H ssh://far ps 2>&1 || true)" "has exited with exit status 255, make sure the URL is valid, and Docker 18.09 or later is installed on the remote host: stderr=no route"'
ok "a host that is reached through a proxy" 'socat TCP-LISTEN:3128,bind=127.0.0.1,fork,reuseaddr UNIX-CONNECT:/run/docker.sock & p=$!; sleep 0.3
    s=$(HTTP_PROXY=http://127.0.0.1:3128 docker -H tcp://nowhere.example:2375 ps -q | wc -l); kill $p; same "$s" 1'
ok "proxies of the configuration reach containers, besides the user own" 'mkdir $T/px; echo "{\"proxies\":{\"default\":{\"httpProxy\":\"http://p:1\",\"noProxy\":\"n\"}}}" >$T/px/config.json
    same "$(docker --config $T/px run --rm -e NO_PROXY=mine busybox sh -c "echo \$HTTP_PROXY \$http_proxy \$NO_PROXY \$no_proxy")" "http://p:1 http://p:1 mine n"'

ok "a credential helper is asked to forget" 'mkdir $T/cr; echo "{\"auths\":{\"r.example\":{}},\"credHelpers\":{\"r.example\":\"fake\"}}" >$T/cr/config.json
    has "$(docker --config $T/cr logout r.example)" "Removing login credentials for r.example"; has "$(cat $T/helper.log)" "erase r.example"; has "$(cat $T/cr/config.json)" "\"auths\": {},"'
ok "contexts are made, exported, imported and used" 'docker context create far --description "a b" --docker host=unix:///run/docker.sock >/dev/null
    docker context export far $T/far.tar; docker context import near $T/far.tar >/dev/null; same "$(docker --context near ps -q | wc -l)" 1
    docker context use near >/dev/null; same "$(docker context show)" near; has "$(docker context ls)" "near *    a b"; docker context rm -f near far >/dev/null; docker context use default'
ok "an archive that would leave the store is refused" 'mkdir -p $T/e/tls/docker; echo "{\"Name\":\"x\"}" >$T/e/meta.json; echo x >$T/e/other; tar -C $T/e -cf $T/e.tar meta.json other
    has "$(docker context import evil $T/e.tar 2>&1 || true)" "other: unexpected context file"; same "$(status docker context inspect evil)" 1'
ok "a flag newer than the daemon is refused by name" 'has "$(DOCKER_API_VERSION=1.40 docker create --annotation a=b busybox 2>&1 || true)" "\"--annotation\" requires API version 1.43, but the Docker daemon API version is 1.40"'
ok "a closed standard input is an empty one" 'same "$(timeout -k 2 20 docker run --rm -i busybox cat <&-; echo $?)" 0; same "$(timeout -k 2 20 docker exec -i web cat <&-; echo $?)" 0'
ok "a reader that goes is told of" 'has "$( (docker run --rm busybox seq 300000 | head -1) 2>&1)" "write /dev/stdout: broken pipe"'
ok "cp names the first part of a path that is missing, and gives what it copies out to the user" 'has "$(docker cp $T/no/such/f web:/ 2>&1 || true)" "lstat $T/no: no such"
    docker exec web sh -c "echo >/tmp/o; chown 33 /tmp/o"; docker cp -qa web:/tmp/o $T/o; same "$(stat -c %u $T/o)" 0'
ok "words of image commands" 'has "$(docker image prune -f --filter until=x 2>&1 || true)" "failed to parse value as time or duration: \"x\""
    docker image prune -f --filter dangling=x; has "$(docker save -o $T/s nosuch:3 2>&1 || true)" "reference does not exist"; has "$(docker save -o $T/s nosuch 2>&1 || true)" "No such image: nosuch"'
ok "everything can be pruned, where there is no build cache too" 'same "$(curl -s --unix-socket /run/docker.sock -X POST http://d/v1.41/build/prune)" "{\"CachesDeleted\":null,\"SpaceReclaimed\":0}"
    has "$(docker system prune -f --filter label=none)" "Total reclaimed space: 0B"'

typed() { local keys=$1; shift; (sleep 1.5; printf "$keys"; sleep 0.5) | script -qec "$*" /dev/null; }
export -f typed
ok "keys detach from what is started without a failure, and from what is attached to with one" 'docker create -it --name tty busybox sh >>$T/ids
    same "$(typed "\020\021" docker start -ai tty >/dev/null; echo $?)" 0; s=0; out=$(typed "\020\021" docker attach tty) || s=$?; same $s 1; has "$out" "read escape sequence"
    s=0; out=$(typed "qq" docker exec -it --detach-keys q,q tty sh) || s=$?; has "$out" "read escape sequence"; docker rm -f tty >/dev/null'
ok "the daemon says what is wrong with keys" 'has "$(docker exec --detach-keys foo web true 2>&1 || true)" "(foo) provided"
    s=0; out=$(docker run --name odd --detach-keys foo busybox true 2>&1) || s=$?; same "$s $out" "1 unable to upgrade to tcp, received 400"; docker rm odd >/dev/null'
ok "time zero is the beginning" 'has "$(docker events --since 0 --until $(date +%s) --filter event=start --format "{{.Actor.Attributes.name}}")" web'
ok "the third request to end is obeyed, and leaves the container" 'docker run --name int busybox sleep 100 2>$T/int & p=$!; soon "docker inspect int -f {{.State.Running}} | grep true"
    for n in 1 2 3; do kill -TERM $p; sleep 0.3; done; s=0; wait $p || s=$?; same $s 1; has "$(cat $T/int)" "got 3 SIGTERM/SIGINTs, forcefully exiting"
    same "$(docker inspect int -f {{.State.Running}})" true; docker rm -f int >/dev/null'
ok "a command in a container that is interrupted is given up without a failure" 'docker exec web sleep 100 & p=$!; sleep 1; kill -TERM $p; wait $p'
ok "what has only input attached ends with the container" 's=0; echo "exit 3" | timeout 20 docker run --rm -i -a stdin busybox sh || s=$?; same $s 3'
ok "a reader that goes ends us, whatever our parent ignores" 's=$(trap "" PIPE; { docker exec web seq 300000; echo $? >$T/st; } 2>&1 | head -1; cat $T/st); same "$s" "$(printf "1\n141")"'
ok "raw formats and names alone" 'has "$(docker network ls --format raw)" "name: bridge"; has "$(docker system df --format raw)" "type: Local Volumes"
    same "$(docker ps -q --format "{{.Names}}" 2>&1)" "$(printf "WARNING: Ignoring custom format, because both --format and --quiet are set.\n%s" "$(docker ps -q)")"
    same "$(docker ps -q --format raw 2>/dev/null)" "container_id: $(docker ps -q)"; same "$(docker images -q --format table)" "$(docker images -q)"'
ok "templates print what they can before they fail" 'out=$(docker info --format "{{.ServerVersion}} {{.Nope}}" 2>/dev/null) || true; same "$out" "$(docker version --format "{{.Server.Version}}") "
    has "$(docker volume inspect --format "{{.Nope}}" $(docker volume create) 2>&1 || true)" "in type volume.Volume"'
ok "what the client knows by itself is told without a daemon" 'same "$(docker -H unix:///none info --format "{{.ClientInfo.Context}}")" default
    has "$(docker -H unix:///none version --format "{{.Server.Version}}" 2>&1 || true)" "Cannot connect to the Docker daemon at unix:///none."'
ok "a configuration that is none is told of" 'c() { mkdir -p $T/c; printf %s "$1" >$T/c/config.json; docker --config $T/c ps -q 2>&1 >/dev/null; }; same "$(c "")" ""
    has "$(c "{\"psFormat\":")" "unexpected EOF"; has "$(c "{\"psFormat\":3}")" "cannot unmarshal number into Go struct field ConfigFile.psFormat of type string"
    has "$(c "[]")" "cannot unmarshal array into Go value of type configfile.ConfigFile"; has "$(c "{\"auths\":{\"r\":{\"auth\":\"@@\"}}}")" "illegal base64 data at input byte 0"'
ok "only containers that a network lacks are connected to it, and none that pause are entered" 'docker network create n1 >/dev/null; docker network connect n1 idle; same "$(docker __complete network connect n1 "" 2>/dev/null | tr "\n" " ")" "web :4 "
    same "$(docker __complete network disconnect n1 "" 2>/dev/null | tr "\n" " ")" "idle :4 "; docker network disconnect n1 idle; docker network rm n1 >/dev/null
    docker pause web >/dev/null; same "$(docker __complete exec "" 2>/dev/null)" :4; docker unpause web >/dev/null; has "$(docker -D __complete stop "" 2>/dev/null)" web'
docker rm -f web idle >/dev/null
finish
