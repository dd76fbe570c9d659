import Testing

@testable import GRPC

@Suite struct HeaderTexts {
    @Test(
        arguments: [
            ("1H", 3_600_000_000_000), ("2M", 120_000_000_000), ("3S", 3_000_000_000), ("4m", 4_000_000), ("5u", 5_000),
            ("6n", 6), ("99999999H", Int64.max), ("", nil), ("S", nil), ("1", nil), ("-1S", nil), ("123456789S", nil),
            ("1x", nil),
        ] as [(String, Int64?)])
    func timeoutsAreRead(text: String, expected: Int64?) { #expect(GRPCTimeout.nanoseconds(text) == expected) }

    @Test(arguments: [0, 1, 99_999_999, 100_000_000, 1_234_567_890_123, 3_600_000_000_000, .max] as [Int64])
    func timeoutsAreWrittenInEightDigitsAndNeverShortened(nanoseconds: Int64) {
        let text = GRPCTimeout.text(nanoseconds)
        #expect(text.utf8.count <= 9)
        #expect((GRPCTimeout.nanoseconds(text) ?? -1) >= nanoseconds)
    }

    @Test(arguments: ["", "plain", "100%", "grüß", "a\nb", "%", "%4", "%zz"])
    func messagesComeBack(text: String) {
        #expect(GRPCMessageText.decode(GRPCMessageText.encode(text)) == text)
    }
}
