import GoText
import Testing

struct DurationTests {
    @Test(arguments: [
        ("0", 0), ("1h30m", 5_400_000_000_000), ("-1.5h", -5_400_000_000_000), ("300ms", 300_000_000),
        ("+5s", 5_000_000_000),
        (".5s", 500_000_000), ("1.s", 1_000_000_000), ("1us", 1000), ("2\u{B5}s", 2000), ("2\u{3BC}s", 2000),
        ("1h1m1.000000001s", 3_661_000_000_001), ("0.3333333333333333333h", 1_200_000_000_000),
        ("1.0000000000000000001s", 1_000_000_000),
        ("2562047h", 9_223_369_200_000_000_000),
    ])
    func areRead(_ text: String, _ nanoseconds: Int) { #expect(GoDuration.parse(text) == Int64(nanoseconds)) }

    @Test(arguments: ["", "-", "1", "1x", "s", ".s", "1h30", "3 s", "2562048h", "99999999999999999999s", "1m-1s"])
    func areRefusedWhenTheyAreNone(_ text: String) { #expect(GoDuration.parse(text) == nil) }

    @Test(arguments: [
        (0, "0s"), (1, "1ns"), (1500, "1.5\u{B5}s"), (2_000_000, "2ms"), (1_500_000_000, "1.5s"),
        (60_000_000_000, "1m0s"),
        (3_600_500_000_000, "1h0m0.5s"), (-5_400_000_000_000, "-1h30m0s"), (86_400_000_000_000, "24h0m0s"),
    ])
    func areWritten(_ nanoseconds: Int, _ text: String) { #expect(GoDuration.text(Int64(nanoseconds)) == text) }

    @Test(arguments: [
        (0, "Less than a second"), (1, "1 second"), (59, "59 seconds"), (60, "About a minute"), (150, "2 minutes"),
        (3600, "About an hour"), (7200, "2 hours"), (86400 * 3, "3 days"), (86400 * 20, "2 weeks"),
        (86400 * 61, "2 months"), (86400 * 800, "2 years"),
    ])
    func areToldInWords(_ seconds: Int, _ text: String) { #expect(humanDuration(seconds: seconds) == text) }
}
@Test(arguments: [
    ("5", "time: missing unit in duration \"5\""), ("5x", "time: unknown unit \"x\" in duration \"5x\""),
    ("x", "time: invalid duration \"x\""), ("", "time: invalid duration \"\""),
])
func badDurationsAreToldInGosWords(_ text: String, _ words: String) { #expect(GoDuration.fault(text) == words) }
