#!/bin/bash
# containerd-shim-runc-v2: start and delete, the Task service call by call, streams, events, what it leaves behind.
#   shim.sh BIN      BIN holds the shim and runc (others of PATH stand in for what it lacks). Own pid, mount and network
#                    namespaces, own /run/containerd.
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
BIN=$(readlink -f "${1:?usage: shim.sh BIN}")
command -v python3 >/dev/null || { echo "not ok 1 - needs python3"; echo "0 passed, 1 failed"; exit 1; }
exec timeout -k 5 200 unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private -- \
    env PATH="$BIN:$PATH" python3 "$HERE/shim.py" "$BIN"
