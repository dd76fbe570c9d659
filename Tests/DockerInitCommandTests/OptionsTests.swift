import CLinux
import Testing

@testable import DockerInitCommand

@Test func lettersAreBundledAndValuesStandCloseOrApart() throws {
    let options = try Options(["-svvgw", "-e3", "-e", "143", "-pSIGTERM", "--", "sh", "-s"])
    #expect(options.becomesSubreaper && options.signalsGroup && options.warnsOnReap)
    #expect(options.verbosity == 3)
    #expect(options.remapped[3] && options.remapped[143] && !options.remapped[0])
    #expect(options.parentDeathSignal == SIGTERM)
    #expect(options.command == ["sh", "-s"])
}

@Test func optionsMayFollowTheProgramUnlessPosixForbidsIt() throws {
    #expect(try Options(["echo", "-s", "x"]).command == ["echo", "x"])
    #expect(try Options(["echo", "-s", "x"], permuting: false).command == ["echo", "-s", "x"])
}

@Test(arguments: [
    (["--version"], Options.Refusal.version), (["-h"], .help), (["-l"], .license), ([], .noProgram),
    (["-s"], .noProgram),
    (["-x"], .usage("invalid option -- 'x'")), (["-e"], .usage("option requires an argument -- 'e'")),
    (["-e", "256", "true"], .fatal("Not a valid option for -e: 256")),
    (["-p", "KILL", "true"], .fatal("Not a valid option for -p: KILL")),
    (["--version", "x"], .usage("invalid option -- '-'")),
])
func whatCannotBeUsedIsRefused(_ arguments: [String], _ refusal: Options.Refusal) {
    #expect(throws: refusal) { try Options(arguments) }
}
