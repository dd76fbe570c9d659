"""instants.py work SEED FILE: three clients use dockerd until it dies; what they were told goes to FILE.
instants.py check FILE: whether a dockerd started since knows all of it, once."""
import http.client, json, os, random, socket, sys, threading, time


class Connection(http.client.HTTPConnection):
    def __init__(self):
        super().__init__("d", timeout=30)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect("/var/run/docker.sock")


def call(method, path, body=None):
    """The status and the answer; no status when the daemon has gone."""
    connection = Connection()
    try:
        text = None if body is None else json.dumps(body)
        connection.request(method, "/v1.41" + path, text, {"Content-Type": "application/json"} if text else {})
        response = connection.getresponse()
        data = response.read()
        return response.status, json.loads(data) if data[:1] in (b"{", b"[") else data
    except (OSError, http.client.HTTPException):
        return None, None
    finally:
        connection.close()


def use(number, seed, told):
    dice = random.Random(seed * 10 + number)
    for turn in range(1000):
        name = "k%d-%d-%d" % (seed, number, turn)
        host = {}
        if dice.random() < 0.3:
            host["PortBindings"] = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(20000 + dice.randrange(9000))}]}
        if dice.random() < 0.4:
            host["NetworkMode"] = "none"
        if dice.random() < 0.3:
            host["RestartPolicy"] = {"Name": "always"}
        runs = dice.random() < 0.7
        wish = {"Image": "busybox", "Cmd": ["sleep", "1000"] if runs else ["true"], "HostConfig": host, "StopSignal": "KILL"}
        if dice.random() < 0.2:
            wish["Volumes"] = {"/v": {}}
        status, answer = call("POST", "/containers/create?name=" + name, wish)
        if status != 201:
            return
        where = "/containers/" + answer["Id"]
        fate = told.setdefault(answer["Id"], [])
        if dice.random() < 0.15:
            continue
        status, _ = call("POST", where + "/start")
        if status is None:
            return
        if status == 204 and runs:
            fate.append("runs")
        step = dice.random()
        if step < 0.25:
            status, answer = call("POST", where + "/exec", {"Cmd": ["sleep", dice.choice(["0.01", "1", "500"])], "AttachStdout": True})
            if status == 201:
                call("POST", "/exec/%s/start" % answer["Id"], {"Detach": True})
        elif step < 0.4:
            call("POST", where + "/rename?name=" + name + "r")
        elif step < 0.5:
            fate.append("stopping")
            call("POST", where + "/stop?t=0")
        if dice.random() < 0.5:
            fate.append("removing")
            status, _ = call("DELETE", where + "?force=1&v=1")
            if status == 204:
                fate.append("removed")


def check(told):
    status, listed = call("GET", "/containers/json?all=1")
    wrong = [] if status == 200 else ["no list"]
    found = {entry["Id"]: entry for entry in listed or []}
    names = [name for entry in found.values() for name in entry["Names"]]
    wrong += ["name doubled: " + name for name in set(names) if names.count(name) > 1]
    for identity, fate in told.items():
        if "removed" in fate and identity in found:
            wrong.append("removed and back: " + identity)
        if "removing" not in fate and identity not in found:
            wrong.append("lost: " + identity)
        if fate == ["runs"] and identity in found and found[identity]["State"] != "running":
            wrong.append("does not run: %s %s" % (identity, found[identity]["State"]))
    for identity, entry in found.items():
        if entry["State"] == "running":
            status, detail = call("GET", "/containers/" + identity + "/json")
            state = detail["State"] if status == 200 else {}
            if state.get("Status") == "running" and entry["Command"].startswith("sleep") and not os.path.exists("/proc/%d" % state["Pid"]):
                wrong.append("its process is not there: " + identity)
    return wrong


if sys.argv[1] == "work":
    told = {}
    clients = [threading.Thread(target=use, args=(number, int(sys.argv[2]), told)) for number in range(3)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    with open(sys.argv[3], "w") as file:
        json.dump(told, file)
else:
    time.sleep(0.3)
    wrong = check(json.load(open(sys.argv[2])))
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)
