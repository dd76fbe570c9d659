import GoTemplate
import JSON
import Testing

private let data =
    #"{"Name":"/web","Up":true,"Off":false,"N":7,"List":["a","b"],"Map":{"b":1,"a":"x"},"Nil":null,"F":1.5}"#

private func run(_ text: String, strict: Bool = false) -> String {
    do {
        var template = try Template(text)
        template.missingKeyIsError = strict
        return try template.execute(Value(try JSON(parsing: data)))
    } catch {
        return "\(error)"
    }
}

@Test(arguments: [
    ("{{.Name}} {{.N}} {{.Up}}", "/web 7 true"), ("{{.List}} {{.Map}}", "[a b] map[a:x b:1]"),
    ("{{.Nope}}", "<no value>"),
    ("{{json .}}", data), ("{{range .List}}<{{.}}>{{end}}", "<a><b>"),
    ("{{range $i, $e := .List}}{{$i}}={{$e}} {{end}}", "0=a 1=b "), ("{{range $k, $v := .Map}}{{$k}}{{end}}", "ab"),
    ("{{range .Nil}}x{{else}}none{{end}}", "none"), ("{{if .Up}}y{{else}}n{{end}}", "y"),
    ("{{if .Off}}1{{else if .Up}}2{{else}}3{{end}}", "2"),
    ("{{with .Map}}{{.a}}{{end}}{{with .Nil}}x{{else}}-{{end}}", "x-"),
    ("{{index .List 1}} {{index .Map \"a\"}}", "b x"), ("{{len .List}} {{len .Name}}", "2 4"),
    ("{{printf \"%5s|%-5d|%q|%v|%03d|%.1f\" \"a\" 1 \"b\" .List 7 2.25}}", "    a|1    |\"b\"|[a b]|007|2.2"),
    ("{{printf \"%[2]s %[1]s\" \"a\" \"b\"}} {{printf \"%#o %U\" 8 66}}", "b a 010 U+0042"),
    ("{{.Name | upper | printf \"%s!\"}}", "/WEB!"),
    ("{{eq .N 7}} {{ne .N 7}} {{lt .N 8}} {{ge .N 8}}", "true false true false"),
    ("{{and .Up .Name}} {{or .Off .N}} {{not .Up}}", "/web 7 false"),
    ("{{split \"a:b\" \":\"}} {{join (split \"a:b\" \":\") \"-\"}}", "[a b] a-b"),
    ("{{title \"abc def\"}} {{lower \"AB\"}} {{truncate .Name 2}} {{pad .Name 1 1}}|", "Abc Def ab /w  /web |"),
    ("{{slice .Name 1}} {{slice .Name 1 3}}", "web we"), ("a {{- 1 -}} b", "a1b"), ("{{/* no */}}x", "x"),
    ("{{$x := .N}}{{$x}}{{$x = 3}}{{$x}}", "73"), ("{{define \"t\"}}[{{.}}]{{end}}{{template \"t\" .N}}", "[7]"),
    ("{{block \"b\" .Name}}<{{.}}>{{end}}", "</web>"),
    ("{{range .List}}{{if eq . \"b\"}}{{break}}{{end}}{{.}}{{end}}", "a"),
    ("{{print 1 2 \"a\" \"b\" 3}}{{println .F}}", "1 2ab31.5\n"), ("{{(index .List 0) | len}}", "1"),
    ("{{`raw`}} {{'a'}} {{0x10}} {{true}}", "raw 97 16 true"),
    ("{{html \"<a>\"}} {{urlquery \"a b&\"}}", "&lt;a&gt; a+b%26"),
    (
        "{{printf \"%X|%e|%.1E|%G|%+.1e|%q|% d\" \"az\" 1.5 12345.678 1e21 9.96 65 7}}",
        "617A|1.500000e+00|1.2E+04|1E+21|+1.0e+01|'A'| 7"
    ),
])
func templatesPrint(_ text: String, _ expected: String) { #expect(run(text) == expected) }

@Test(arguments: [
    ("{{.Name", "template: :1: unclosed action"), ("{{foo .}}", "template: :1: function \"foo\" not defined"),
    ("{{end}}", "template: :1: unexpected {{end}}"), ("{{if .Up}}", "template: :1: unexpected EOF"),
    ("{{\"abc}}", "template: :1: unterminated quoted string"), ("{{$y}}", "template: :1: undefined variable \"$y\""),
    ("{{.Name}'", "template: :1: bad character U+007D '}'"), ("{{if}}x{{end}}", "template: :1: missing value for if"),
    ("a\n{{", "template: :2: unclosed action"), ("{{.N @}}", "template: :1: unexpected \"@\" in operand"),
    ("{{ | .N}}", "template: :1: unexpected \"|\" in command"), ("{{..}}", "template: :1: unexpected <.> in operand"),
    ("{{'ab'}}", "template: :1: malformed character constant: 'ab'"),
    ("{{1.5e400}}", "template: :1: illegal number syntax: \"1.5e400\""),
    ("{{99999999999999999999}}", "template: :1: integer overflow: \"99999999999999999999\""),
    ("{{$a, $b := 4}}", "template: :1: too many declarations in command"),
    ("{{3 := 4}}", "template: :1: unexpected \":=\" in operand"),
    ("{{.N ;\"abc\"}}", "template: :1: unexpected \";\" in operand"),
])
func failuresOfParsingSpeakAsGoDoes(_ text: String, _ expected: String) { #expect(run(text) == expected) }

@Test(arguments: [
    ("{{.Foo}}", "template: :1:2: executing \"\" at <.Foo>: map has no entry for key \"Foo\""),
    ("{{.Map.zz}}", "template: :1:6: executing \"\" at <.Map.zz>: map has no entry for key \"zz\""),
    (
        "{{index .List 9}}",
        "template: :1:2: executing \"\" at <index .List 9>: error calling index: index out of range: 9"
    ),
    (
        "{{eq .Up \"x\"}}",
        "template: :1:2: executing \"\" at <eq .Up \"x\">: error calling eq: incompatible types for comparison"
    ),
    ("{{title 1}}", "template: :1:8: executing \"\" at <1>: expected string; found 1"),
    ("{{join 1 2}}", "template: :1:7: executing \"\" at <1>: can't handle 1 for arg of type []string"),
    (
        "{{upper .List}}",
        "template: :1:8: executing \"\" at <.List>: wrong type for value; expected string; got []interface {}"
    ),
    (
        "{{template \"no\" .}}",
        "template: :1:11: executing \"\" at <{{template \"no\" .}}>: template \"no\" not defined"
    ),
    ("{{.N.Foo}}", "template: :1:4: executing \"\" at <.N.Foo>: can't evaluate field Foo in type interface {}"),
    ("{{$x = 4}}", "template: :1:7: executing \"\" at <4>: undefined variable: $x"),
    ("{{(index .List 0).Foo}}", "template: :1:15: executing \"\" at <0>: can't evaluate field Foo in type string"),
    (
        "{{index .List 2}}",
        "template: :1:2: executing \"\" at <index .List 2>: error calling index: reflect: slice index out of range"
    ),
    (
        "{{call .Name}}",
        "template: :1:2: executing \"\" at <call .Name>: error calling call: non-function .Name of type string"
    ),
    (
        "{{pad \"x\" -1 0}}",
        "template: :1:2: executing \"\" at <pad \"x\" -1 0>: error calling pad: strings: negative Repeat count"
    ),
    (
        "{{truncate \"x\" -1}}",
        "template: :1:2: executing \"\" at <truncate \"x\" -1>: error calling truncate: runtime error: "
            + "slice bounds out of range [:-1]"
    ),
    ("{{printf 3}}", "template: :1:9: executing \"\" at <3>: expected string; found 3"),
    ("{{eq}}", "template: :1:2: executing \"\" at <eq>: wrong number of args for eq: want at least 1 got 0"),
    (
        "{{join .List \",\"}}",
        "template: :1:7: executing \"\" at <.List>: wrong type for value; expected []string; got []interface {}"
    ),
    ("{{.Name nil}}", "template: :1:2: executing \"\" at <.Name>: Name is not a method but has arguments"),
])
func failuresOfExecutionSpeakAsGoDoes(_ text: String, _ expected: String) {
    #expect(run(text, strict: true) == expected)
}

@Test func everyTruncationOfATemplateIsParsedOrRefused() {
    let text = Array(
        "{{range $i, $e := .List}}{{if eq $e \"b\"}}{{printf \"%d\" $i}}{{else}}x{{end}}{{end}} {{- /* c */ -}} t"
            .utf8)
    for count in 0...text.count { _ = run(String(decoding: text[0..<count], as: UTF8.self)) }
}

@Test func structsPrintTheirFieldsAndKnowNoOthers() throws {
    let shape = Shape.structure(
        Structure(
            "pkg.T",
            [
                Structure.Field("ID", key: "Id", .string), Structure.Field("N", .int),
                Structure.Field("P", .pointer(.int)),
                Structure.Field("L", .list(.string)),
                Structure.Field("In", key: "", .structure(Structure("pkg.I", [Structure.Field("X", .bool)]))),
            ]))
    let value = Value.json(try JSON(parsing: #"{"Id":"a","X":true}"#), shape)
    #expect(try Template("{{.}} {{.ID}} {{.X}}").execute(value) == "{a 0 <nil> [] {true}} a true")
    #expect(try Template("{{printf \"%+v\" .}}").execute(value) == "{ID:a N:0 P:<nil> L:[] In:{X:true}}")
    #expect(try Template("{{json .In}}").execute(value) == #"{"X":true}"#)
    #expect(try Template("{{.ID}} {{.Nope}}").print(value).text == "a ")
    let wrong = try Template("{{.Id}}")
    #expect(throws: TemplateFailure("template: :1:2: executing \"\" at <.Id>: can't evaluate field Id in type pkg.T")) {
        try wrong.execute(value)
    }
}

@Test(arguments: [
    (1.0, "1"), (0.5, "0.5"), (1e21, "1e+21"), (1e-7, "1e-07"), (123456.75, "123456.75"),
    (1e20, "100000000000000000000"),
])
func floatsPrintAsInGo(_ value: Double, _ text: String) { #expect(goFloat(value) == text) }
