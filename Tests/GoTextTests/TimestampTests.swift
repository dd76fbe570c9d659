import GoText
import Testing

struct TimestampTests {
    @Test(arguments: [
        "2026-11-25T17:59:17.23484874Z", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2000-02-29T23:59:59.5Z",
        "1969-12-31T23:59:59.999999999Z", "2100-03-01T00:00:00Z",
    ]) func readsAndWrites(_ text: String) throws {
        #expect(try #require(Timestamp(rfc3339: text)).description == text)
    }

    @Test func offsetsCount() {
        #expect(Timestamp(rfc3339: "1970-01-01T01:00:00+01:00") == Timestamp(seconds: 0))
        #expect(Timestamp(rfc3339: "1969-12-31T23:30:00-00:30") == Timestamp(seconds: 0))
    }

    @Test(arguments: ["", "2026", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01T25:00:00Z", "x"])
    func refuses(_ text: String) { #expect(Timestamp(rfc3339: text) == nil) }

    @Test func zeroIsGosZeroTime() {
        #expect(Timestamp.zero.description == "0001-01-01T00:00:00Z")
        #expect(Timestamp(seconds: 1, nanoseconds: 20).fixedWidth == "1970-01-01T00:00:01.000000020Z")
    }

    @Test func hasGosOtherForms() {
        let moment = Timestamp(seconds: 951_868_799, nanoseconds: 120_000_000)
        #expect(moment.goString == "2000-02-29 23:59:59.12 +0000 UTC")
        #expect(moment.wholeSeconds == "2000-02-29T23:59:59Z")
        #expect(moment.date == "2000-02-29")
    }

    @Test(arguments: [
        ("10s", 990, 0), ("1.5s", 998, 500_000_000), ("17.5", 17, 500_000_000), ("17", 17, 0), ("1970-01-02", 86400, 0),
        ("1970-01-01T00:01", 60, 0), ("1970-01-01T00:00:02", 2, 0), ("1970-01-01T01:00:00+01:00", 0, 0), ("0", 0, 0),
    ])
    func areReadAsClientsWriteThem(_ text: String, _ seconds: Int, _ nanoseconds: Int) {
        let now = Timestamp(seconds: 1000)
        #expect(Timestamp(text: text, now: now) == Timestamp(seconds: seconds, nanoseconds: nanoseconds))
    }

    @Test(arguments: ["", "yesterday", "1h30", "9999999999999999", "17.", "-", "1970-1-1"])
    func areRefusedWhenTheyAreNone(_ text: String) {
        let now = Timestamp(seconds: 1000)
        #expect(Timestamp(text: text, now: now) == nil)
    }
}
