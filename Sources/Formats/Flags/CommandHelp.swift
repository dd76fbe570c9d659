/// The help of a command, in the order and spacing of docker's command line.
extension Command {
    /// `width`: the terminal's columns. `epilogue` stands at the end of the root's help.
    public func help(width: Int, epilogue: String = "") -> String {
        var text = "Usage:  "
        let isRoot = !path.utf8.contains(32)
        if children.isEmpty {
            text += usageLine
            if !secondUsage.isEmpty { text += "\n\t" + secondUsage }
        } else {
            text += path + (hasVisibleFlags ? " [OPTIONS]" : "") + " COMMAND"
        }
        text += "\n\n" + (explanation.isEmpty ? summary : explanation) + "\n"
        if !paths.isEmpty { text += "\nAliases:\n  " + joined(paths, ", ") + "\n" }
        if isExperimental { text += experimentalNote }
        for title in groupTitles { text += section(title) }
        if let remarks { text += "\n" + remarks.title + ":\n" + lines(remarks.lines) }
        if hasVisibleFlags {
            text += isRoot && !children.isEmpty ? "\nGlobal Options:\n" : "\nOptions:\n"
            text += flags.pflagUsages(width: width == 0 ? 0 : width - 1)
        }
        if !children.isEmpty {
            text += "\nRun '" + path + " COMMAND --help' for more information on a command.\n"
        }
        return isRoot && !epilogue.isEmpty ? text + "\n" + epilogue + "\n" : text
    }

    private var hasVisibleFlags: Bool { flags.all.contains { !$0.hidden } }

    private func title(of child: Command) -> String {
        if !child.group.isEmpty { return child.group }
        return child.children.isEmpty || child.action != nil ? "Commands" : "Management Commands"
    }

    private var groupTitles: [String] {
        let order = ["Common Commands", "Management Commands", "Swarm Commands", "Commands"]
        return order.filter { wanted in children.contains { !$0.hidden && title(of: $0) == wanted } }
    }

    private func section(_ wanted: String) -> String {
        var listed: [Command] = []
        for child in children where !child.hidden && title(of: child) == wanted { listed.append(child) }
        // Common commands keep the order declared: it is the order a newcomer meets them in.
        if wanted != "Common Commands" { listed.sort { lessBytes($0.name, $1.name) } }
        return "\n" + wanted + ":\n" + lines(listed.map { ($0.name + $0.mark, $0.summary) })
    }

    /// Names and what is said of them, in two columns that are the same for all sections.
    private func lines(_ entries: [(name: String, text: String)]) -> String {
        var widest = 11
        for child in children where !child.hidden && child.name.utf8.count > widest { widest = child.name.utf8.count }
        for entry in remarks?.lines ?? [] where entry.name.utf8.count > widest { widest = entry.name.utf8.count }
        var text = ""
        for entry in entries {
            text += "  " + entry.name
            for _ in 0..<max(0, widest + 1 - entry.name.utf8.count) { text += " " }
            text += entry.text + "\n"
        }
        return text
    }

    private var experimentalNote: String {
        "\nEXPERIMENTAL:\n  " + path + " is an experimental feature.\n"
            + "  Experimental features provide early access to product functionality. These\n"
            + "  features may change between releases without warning, or can be removed from a\n"
            + "  future release. Learn more about experimental features in our documentation:\n"
            + "  https://docs.docker.com/go/experimental/\n"
    }
}

func joined(_ words: [String], _ separator: String) -> String {
    var text = ""
    for (index, word) in words.enumerated() { text += (index == 0 ? "" : separator) + word }
    return text
}
