import JSON
import Testing

@Test(arguments: [
    "null", "true", "0", "-1", "1.5e+10", "\"a\"", "[]", "[1,2]", "{}", "{\"b\":1,\"a\":[{\"c\":null}]}",
    "18446744073709551615",
])
func valuesKeepTheirBytes(_ text: String) throws {
    #expect(try JSON(parsing: text).text() == text)
}

@Test(arguments: [
    ("{", "unexpected end of JSON input"), ("{a", "invalid character 'a' looking for beginning of object key string"),
    ("[1 2]", "invalid character '2' after array element"), ("nul", "unexpected end of JSON input"),
    ("{} x", "invalid character 'x' after top-level value"), ("01", "invalid character '1' after top-level value"),
    ("\"\n\"", "invalid character '\\n' in string literal"), ("", "unexpected end of JSON input"),
])
func failuresSpeakAsGoDoes(_ text: String, _ message: String) {
    #expect(throws: JSON.Failure.self) { try JSON(parsing: text) }
    do { _ = try JSON(parsing: text) } catch { #expect(error.message == message) }
}

@Test func escapesAreReadAndWrittenAsGoDoes() throws {
    let value = try JSON(parsing: #""\u00e9\ud83d\ude00\n<&>\ud800\u2028""#)
    #expect(value.string == "é😀\n<&>\u{FFFD}\u{2028}")
    #expect(value.text() == #""é😀\n\u003c\u0026\u003e\#u{FFFD}\u2028""#)
    #expect(value.text(escapingHTML: false) == #""é😀\n<&>\#u{FFFD}\u2028""#)
}

@Test func everyTruncationOfADocumentIsRefused() {
    let bytes = Array(#"{"a":[1,true,"x\u00e9",{"b":-1.5e3}],"c":null}"#.utf8)
    for length in 0..<bytes.count {
        #expect(throws: JSON.Failure.self) { try JSON(parsing: Array(bytes[0..<length])) }
    }
}

@Test func deepNestingIsRefusedNotCrashed() {
    let text = String(repeating: "[", count: 100_000)
    #expect(throws: JSON.Failure.self) { try JSON(parsing: text) }
}

@Test func aStreamGivesItsValuesAndTheUnfinishedRest() throws {
    let (values, rest) = try JSON.stream(Array("{\"a\":1}\n{\"b\":2}{\"c\"".utf8))
    #expect(values.count == 2)
    #expect(rest == Array("{\"c\"".utf8))
}

@Test func manyMembersAreFoundByName() throws {
    var object = JSON.Object()
    for number in 0..<100 { object["k\(number)"] = .int(number) }
    object["k5"] = nil
    object["k7"] = .int(700)
    #expect(object.count == 99)
    #expect(object["k5"] == nil)
    #expect(object["k7"]?.int == 700)
    #expect(object["k99"]?.int == 99)
}

@Test func aMemberOfTheWrongTypeIsNamed() throws {
    let object = try #require(JSON(parsing: "{\"Tty\":\"yes\"}").object)
    do throws(JSON.Failure) {
        _ = try object.bool("Tty")
        Issue.record("accepted")
    } catch {
        #expect(error.message == "json: cannot unmarshal string into Go struct field Tty of type bool")
    }
}
