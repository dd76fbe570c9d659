internal import EngineClient
internal import JSON
internal import Linux
internal import TextTable

/// `docker top`.
func showProcesses(_ arguments: [String], _ session: Session) throws -> Int32 {
    let options = arguments.dropFirst().joined(separator: " ")
    let path = "/containers/" + pathEscaped(arguments[0]) + "/top"
    let answer = try session.client().get(path, options.isEmpty ? [] : [("ps_args", options)])
    func line(_ cells: JSON) -> String { (cells.array ?? []).map { $0.string ?? "" }.joined(separator: "\t") + "\n" }
    var text = line(answer["Titles"] ?? .array([]))
    for row in answer["Processes"]?.array ?? [] { text += line(row) }
    Console.out(aligned(text, minimumWidth: 20, padding: 3))
    return 0
}
