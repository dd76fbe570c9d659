import EngineAPI
import Testing

@testable import Images

func changed(_ lines: [String], _ config: ContainerConfig = ContainerConfig()) throws -> ContainerConfig {
    var changes = ConfigChanges(config: config)
    try changes.apply(lines)
    return changes.config
}

@Test func wordsAreExpandedAndFlagsRead() throws {
    var config = ContainerConfig()
    config.env = ["PATH=/bin", "A=1"]
    config.cmd = ["old"]
    let found = try changed(
        [
            "ENV A=2 B=\"x y\" C=d\\ e\n# a comment\nENV D e f", "ENV E=$PATH:${NONE:-z}'$A'",
            "EXPOSE 80 90-91/udp 1:2:81",
            "LABEL l=\"m n\"", "VOLUME [\"/a b\"]", "VOLUME /c /d", "WORKDIR /x", "WORKDIR ../y/./z", "USER \"u\"",
            "ENTRYPOINT [\"/e\"]", "HEALTHCHECK --interval=3s --retries=2 CMD true x", "onbuild run x",
        ], config)
    #expect(found.env == ["PATH=/bin", "A=2", "B=x y", "C=d e", "D=e f", "E=/bin:z$A"])
    #expect(found.exposedPorts == ["80/tcp", "90/udp", "91/udp", "81/tcp"])
    #expect(found.labels == ["l": "m n"])
    #expect(found.volumes == ["/a b", "/c", "/d"])
    #expect(found.workingDir == "/y/z")
    #expect(found.user == "u")
    #expect(found.entrypoint == ["/e"] && found.cmd == nil)
    #expect(found.healthcheck?.test == ["CMD-SHELL", "true x"])
    #expect(found.healthcheck?.interval == 3_000_000_000 && found.healthcheck?.retries == 2)
    #expect(found.onBuild == ["run x"])
    #expect(try changed(["CMD"]).cmd == ["/bin/sh", "-c"])
}

@Test func instructionsChangeTheConfiguration() throws {
    let config = try changed([
        "CMD [\"a\", \"b c\"]", "ENTRYPOINT run it", "ENV A=1 B=\"two words\"", "env C three words", "LABEL l=v",
        "EXPOSE 80 53/udp",
        "USER me", "WORKDIR /srv", "WORKDIR below", "VOLUME [\"/data\"]", "STOPSIGNAL SIGINT",
        "HEALTHCHECK CMD true", "ONBUILD RUN x",
    ])
    #expect(config.cmd == ["a", "b c"] && config.entrypoint == ["/bin/sh", "-c", "run it"])
    #expect(config.env == ["A=1", "B=two words", "C=three words"])
    #expect(config.labels == ["l": "v"] && config.exposedPorts == ["80/tcp", "53/udp"])
    #expect(config.user == "me" && config.workingDir == "/srv/below" && config.volumes == ["/data"])
    #expect(
        config.stopSignal == "SIGINT" && config.healthcheck?.test == ["CMD-SHELL", "true"]
            && config.onBuild == ["RUN x"])
}

@Test(arguments: [
    ("ENV a", "ENV must have two arguments"), ("RUN x", "run is not a valid change command"),
    ("FOO x", "foo is not a valid change command"), ("# x", "file with no instructions"),
    ("ENV", "ENV requires at least one argument"), ("USER", "USER requires exactly one argument"),
    ("ENV =b", "ENV names can not be blank"),
    ("ENV a=b c", "Syntax error - can't find = in \"c\". Must be of the form: name=value"),
    ("CMD [\"a\",1]", "when using JSON array syntax, arrays must be comprised of strings only"),
    ("EXPOSE foo", "Invalid containerPort: foo"), ("EXPOSE 80/foo", "Invalid proto: foo"),
    ("EXPOSE 70000", "Invalid containerPort: 70000"), ("VOLUME \"\"", "VOLUME specified can not be an empty string"),
    ("HEALTHCHECK --foo=1 CMD x", "Unknown flag: foo"), ("HEALTHCHECK CMD", "Missing command after HEALTHCHECK CMD"),
    ("HEALTHCHECK --interval=0.1ms CMD x", "Interval \"interval\" cannot be less than 1ms"),
    ("HEALTHCHECK --interval=zz CMD x", "time: invalid duration \"zz\""),
    ("HEALTHCHECK NONE x", "HEALTHCHECK NONE takes no arguments"),
    ("HEALTHCHECK foo", "Unknown type \"FOO\" in HEALTHCHECK (try CMD)"),
    ("ONBUILD FROM x", "FROM isn't allowed as an ONBUILD trigger"),
    ("ONBUILD ONBUILD x", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"),
])
func wrongInstructionsAreRefused(_ line: String, _ message: String) {
    do {
        _ = try changed([line])
        Issue.record("taken")
    } catch let error as EngineError { #expect(error.message == message) } catch { Issue.record("another error") }
}
