extension UrfaveApp {
    /// The program's help, ending in a new line.
    public var helpText: String {
        var text = "NAME:\n   " + name + (usage.isEmpty ? "" : " - " + usage) + "\n\nUSAGE:\n   "
        if usageText.isEmpty {
            text +=
                name + " [global options]" + (commands.isEmpty ? "" : " command [command options]") + " [arguments...]"
        } else {
            text += usageText
        }
        if !version.isEmpty { text += "\n\nVERSION:\n   " + version }
        if !description.isEmpty { text += "\n\nDESCRIPTION:\n   " + description }
        text += "\n\nCOMMANDS:\n"
        var rows: [(String, String)] = []
        for command in commands where !command.hidden { rows.append((joined(command.names), command.usage)) }
        rows.append(("help, h", "Shows a list of commands or help for one command"))
        text += table(rows)
        text += "\nGLOBAL OPTIONS:\n" + table(flagRows(flags))
        return text
    }
}

extension UrfaveCommand {
    /// The help of a command that does something. `set` holds its flags.
    func helpText(_ path: String, _ set: FlagSet) -> String {
        let rows = flagRows(set)
        var text = "NAME:\n   " + path + " - " + usage + "\n\nUSAGE:\n   "
        if usageText.isEmpty {
            text += path + (rows.isEmpty ? "" : " [command options]") + " "
            text += arguments.isEmpty ? "[arguments...]" : arguments
        } else {
            text += usageText
        }
        if !description.isEmpty { text += "\n\nDESCRIPTION:\n   " + description }
        if !rows.isEmpty { text += "\n\nOPTIONS:\n" + table(rows) + "   " }
        return text + "\n"
    }

    /// The help of a group of commands. `set` holds the flags of the group itself.
    func groupHelpText(_ path: String, _ set: FlagSet) -> String {
        var text = "NAME:\n   " + path + " - " + (description.isEmpty ? usage : description) + "\n\nUSAGE:\n   "
        text += usageText.isEmpty ? path + " command [command options] [arguments...]" : usageText
        var rows: [(String, String)] = []
        for command in subcommands where !command.hidden { rows.append((joined(command.names), command.usage)) }
        text += "\n\nCOMMANDS:\n" + table(rows)
        return text + "\nOPTIONS:\n" + table(flagRows(set) + [("--help, -h", "show help")]) + "   \n"
    }
}

/// `--name value, -n value` and its description with the default.
private func flagRows(_ set: FlagSet) -> [(String, String)] {
    var rows: [(String, String)] = []
    for flag in set.all where !flag.hidden {
        let (placeholder, usage) = unquoted(flag.usage)
        var names: [String] = []
        for name in [flag.name] + flag.aliases {
            var shown = (name.utf8.count == 1 ? "-" : "--") + name
            if !flag.isBoolean { shown += " " + (placeholder.isEmpty ? "value" : placeholder) }
            names.append(shown)
        }
        var text = usage
        switch flag.typeName {
        case "": break
        case "string": if !flag.defaultText.isEmpty { text += " (default: \"" + flag.defaultText + "\")" }
        case "int": text += " (default: " + (flag.defaultText.isEmpty ? "0" : flag.defaultText) + ")"
        default: if !flag.defaultText.isEmpty { text += " (default: " + flag.defaultText + ")" }
        }
        if !flag.environment.isEmpty {
            text += " [" + joined(flag.environment.map { "$" + $0 }) + "]"
        }
        rows.append((joined(names), text))
    }
    return rows
}

/// The word in backquotes, which names the value, and the text without the quotes.
private func unquoted(_ usage: String) -> (placeholder: String, usage: String) {
    let parts = usage.split(separator: "`", omittingEmptySubsequences: false)
    guard parts.count >= 3 else { return ("", usage) }
    return (String(parts[1]), parts.joined(separator: ""))
}

/// Rows of two columns, the second two blanks after the widest first.
private func table(_ rows: [(String, String)]) -> String {
    var width = 0
    for row in rows { width = max(width, row.0.utf8.count) }
    var text = ""
    for row in rows {
        text += "   " + row.0
        // Where there is nothing in the second column the writer still pads the first.
        for _ in row.0.utf8.count..<(width + 2) { text += " " }
        text += row.1 + "\n"
    }
    return text
}

private func joined(_ names: [String]) -> String {
    var text = ""
    for (index, name) in names.enumerated() { text += (index == 0 ? "" : ", ") + name }
    return text
}
