import GoText
import Testing

struct QuoteTests {
    @Test(arguments: [
        ("plain", "\"plain\""), ("a\"b\\c", "\"a\\\"b\\\\c\""), ("\n\t\r", "\"\\n\\t\\r\""),
        ("\u{1}\u{7F}", "\"\\x01\\x7f\""),
        ("\u{7}\u{8}\u{B}\u{C}", "\"\\a\\b\\v\\f\""), ("grün", "\"grün\""), ("", "\"\""),
    ])
    func isGos(_ text: String, _ expected: String) { #expect(goQuoted(text) == expected) }

    @Test(arguments: [("a b", "a+b"), ("a/b?c=d&e", "a%2Fb%3Fc%3Dd%26e"), ("-_.~", "-_.~"), ("ü", "%C3%BC")])
    func queriesAreEscaped(_ text: String, _ expected: String) { #expect(queryEscaped(text) == expected) }

    @Test(arguments: [
        ("plain-word_1.2/@^+", "plain-word_1.2/@^+"), ("two words", "\"two words\""), ("", "\"\""), ("a=b", "\"a=b\""),
    ])
    func logsQuoteWhatIsNotPlain(_ text: String, _ expected: String) { #expect(logValue(text) == expected) }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy"), ("\u{FF}?", "w78/"),
    ])
    func base64IsPadded(_ text: String, _ expected: String) { #expect(Base64.encoded(Array(text.utf8)) == expected) }
}
