import Testing

@testable import TOML

@Test func readsWhatUpstreamsConfigurationsHold() throws {
    let table = try TOML.Table(
        parsing: """
            # a comment
            version = 2
            root = "/a b"   # after a value
            disabled_plugins = ["x", 'y',
              "z", # in an array
            ]
            [grpc]
              address = "/run/x.sock"
              uid = 0
            [plugins."io.containerd.snapshotter.v1.overlayfs"]
              upperdir_label = false
            [plugins.'io.x'.inner]
              ratio = 0.02
              big = 1_000
              mode = 0o660
            """)
    #expect(table["version"]?.integer == 2)
    #expect(table["root"]?.string == "/a b")
    #expect(table["disabled_plugins"]?.array?.compactMap(\.string) == ["x", "y", "z"])
    #expect(table["grpc"]?.table?["address"]?.string == "/run/x.sock")
    let plugins = table["plugins"]?.table
    #expect(plugins?["io.containerd.snapshotter.v1.overlayfs"]?.table?["upperdir_label"]?.bool == false)
    let inner = plugins?["io.x"]?.table?["inner"]?.table
    #expect(inner?["ratio"] == .float("0.02"))
    #expect(inner?["big"]?.integer == 1000)
    #expect(inner?["mode"]?.integer == 0o660)
}

@Test func writesWhatItReads() throws {
    let text = """
        a = "q\\"\\\\\\n"
        b = [1, true, "x"]

        [c]
          d = {e = 1}

          [c."f.g"]
            h = ""

        """.replacingTable()
    #expect(try TOML.Table(parsing: text).text == text)
}

@Test(arguments: [
    "a", "a =", "a = [1", "a = \"x", "[a", "a = 1\na = 2", "[a]\n[a]", "a = 1\n[a]", "a = 1 2", "a = \"\\q\"", "= 1",
    "a = {b = 1", "a = '''x", "a.b = 1\na.b.c = 2",
])
func refusesWhatIsNoTOML(_ text: String) {
    #expect(throws: TOMLError.self) { try TOML.Table(parsing: text) }
}

@Test func saysTheLineOfAMistake() {
    let error = #expect(throws: TOMLError.self) { try TOML.Table(parsing: "a = 1\nb = ?") }
    #expect(error?.line == 2)
}

@Test func everyTruncationEndsInAValueOrAnError() {
    let text = Array("[a.\"b\"]\nc = [\"d\", {e = 'f'}]\ng = \"\"\"h\n\"\"\"\n[[i]]\nj = 0x1F\n".utf8)
    for count in 0...text.count {
        // That it does not crash is what is tested.
        _ = try? TOML.Table(parsing: String(decoding: text[0..<count], as: UTF8.self))
    }
}

@Test func arraysOfTablesGrow() throws {
    let table = try TOML.Table(parsing: "[[a]]\nb = 1\n[[a]]\nb = 2\n[a.c]\nd = 3")
    #expect(table["a"]?.array?.count == 2)
    #expect(table["a"]?.array?[1].table?["c"]?.table?["d"]?.integer == 3)
}

extension String {
    /// An inline table is written as a table of its own: bring the fixture into that form.
    fileprivate func replacingTable() -> String {
        var out = ""
        for line in split(separator: "\n", omittingEmptySubsequences: false) {
            if line == "  d = {e = 1}" { out += "\n  [c.d]\n    e = 1\n" } else { out += line + "\n" }
        }
        return String(out.dropLast())
    }
}
