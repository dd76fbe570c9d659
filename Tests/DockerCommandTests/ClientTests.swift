import Flags
import HTTPClient
import JSON
import Testing

@testable import DockerCommand

@Test(arguments: [
    ("ssh://me@server", ["-l", "me", "--", "server", "docker"]),
    ("ssh://server:2222", ["-p", "2222", "--", "server", "docker"]),
    ("ssh://u@[::1]:22", ["-l", "u", "-p", "22", "--", "::1", "docker"]),
    ("ssh://server/run/d.sock", ["--", "server", "docker", "--host", "unix:///run/d.sock"]),
])
func sshHostsBecomeCommands(_ host: String, _ words: [String]) throws {
    let endpoint = try Endpoint(host)
    #expect(endpoint.host == host)
    #expect(
        endpoint.address
            == .command(["ssh", "-o ConnectTimeout=30", "-T"] + words + ["system", "dial-stdio"]))
}

@Test(arguments: [
    ("ssh://u:pw@h", "plain-text password is not supported"), ("ssh://", "hostname is empty"),
    ("ssh://h?x=y", "query parameters are not allowed: \"x=y\""), ("ssh://h#f", "fragments are not allowed: \"f\""),
])
func badSSHHostsAreRefused(_ host: String, _ why: String) {
    #expect(throws: CommandFailure("ssh host connection is not valid: invalid SSH URL: " + why)) { try Endpoint(host) }
}

@Test(arguments: [
    ("tcp://h:1/api/", "/api", Address.tcp(host: "h", port: "1")), ("unix:", "", .tcp(host: "unix", port: "2375")),
    ("tcp://", "", .tcp(host: "localhost", port: "2375")), (":5", "", .tcp(host: "localhost", port: "5")),
])
func addressesMayLeadBehindAnotherServer(_ text: String, _ path: String, _ address: Address) throws {
    let endpoint = try Endpoint(text)
    #expect(endpoint.basePath == path)
    #expect(endpoint.address == address)
}

@Test func credentialsAreReadAsTheFileKeepsThem() throws {
    let text = #"{"auths":{"r":{"auth":"dTpwOnc="},"t":{"auth":"dTo=","identitytoken":"T"}},"credHelpers":{"h":"x"}}"#
    let file = ConfigFile(path: "", root: try JSON(parsing: text).object ?? JSON.Object())
    let store = CredentialStore(file)
    #expect(try store.get("r") == Credentials(server: "r", user: "u", password: "p:w"))
    #expect(try store.get("t")?.json.text() == #"{"username":"u","identitytoken":"T","serveraddress":"t"}"#)
    #expect(try store.get("none") == nil)
    #expect(store.helper("h")?.name == "x" && store.helper("r") == nil)
}

@Test func storedCredentialsAreForgottenAgain() throws {
    var store = CredentialStore(ConfigFile(path: "", root: JSON.Object()))
    try store.store(Credentials(server: "r", user: "u", password: "pw"))
    #expect(store.hasChanged)
    #expect(JSON.object(store.config.root).text() == #"{"auths":{"r":{"auth":"dTpwdw=="}}}"#)
    try store.erase("r")
    #expect(JSON.object(store.config.root).text() == #"{"auths":{}}"#)
}

@Test func proxiesAreGivenBesidesTheUsersOwn() throws {
    let text = #"{"proxies":{"default":{"httpProxy":"p","noProxy":"n"},"tcp://h:1":{"httpsProxy":"s"}}}"#
    let file = ConfigFile(path: "", root: try JSON(parsing: text).object ?? JSON.Object())
    let names = file.proxyEnvironment(host: "unix:///x", besides: ["http_proxy"]).map { $0.0 }
    #expect(names == ["HTTP_PROXY", "NO_PROXY", "no_proxy"])
    #expect(file.proxyEnvironment(host: "tcp://h:1", besides: []).map { $0.0 } == ["HTTPS_PROXY", "https_proxy"])
}

@Test(arguments: [
    ("abc", "invalid size: 'abc'"), ("1z", "invalid suffix: 'z'"), ("-5", "invalid size: '-5'"),
    ("1.2.3", "strconv.ParseFloat: parsing \"1.2.3\": invalid syntax"),
])
func badSizesAreToldInGosWords(_ text: String, _ words: String) { #expect(Human.sizeFault(text) == words) }

@Test func theFlagWhoseValueIsCompletedIsFound() {
    let command = Command("x", "", "") { flags in
        flags.string("env", "e", usage: "")
        flags.bool("interactive", "i", usage: "")
        return nil
    }
    func taken(_ arguments: [String], _ partial: String) -> (name: String?, place: CompletionPlace) {
        var place = CompletionPlace(command: command, arguments: arguments, partial: partial)
        return (place.takeFlag()?.name, place)
    }
    #expect(taken(["--env"], "A").name == "env")
    #expect(taken(["-ie"], "A").name == "env")
    #expect(taken(["-i"], "A").name == nil)
    #expect(taken(["--env=a"], "A").name == nil)
    let inline = taken([], "--env=A")
    #expect(inline.name == "env" && inline.place.partial == "A")
}
