internal import EngineClient
internal import Flags
internal import JSON
internal import Linux

/// What a shell asks for when the user presses its completion key.
enum Completion {
    /// Prints the words that may stand at the end of `words`, one a line, with summaries after a tab, and what the
    /// shell shall do with them (cobra's protocol: `:4` means no file names).
    static func answer(_ words: [String], withSummaries: Bool, _ session: Session) -> Int32 {
        let root = rootCommand(session)
        var command = root
        let partial = words.last ?? ""
        var previous = ""
        for word in words.dropLast() {
            if let child = command.child(named: word), !word.hasPrefix("-") { command = child }
            previous = word
        }
        var found: [(String, String)] = []
        if partial.hasPrefix("-") {
            for flag in command.flags.all where !flag.hidden { found.append(("--" + flag.name, flag.usage)) }
        } else if command.children.isEmpty {
            found = arguments(command, previous, session).map { ($0, "") }
        } else {
            for child in command.children where !child.hidden { found.append((child.name, child.summary)) }
        }
        found = found.filter { $0.0.hasPrefix(partial) }.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
        for (word, summary) in found {
            let line = summary.split(separator: "\n").first.map { String($0) } ?? ""
            Console.out(word + (withSummaries && !line.isEmpty ? "\t" + line : "") + "\n")
        }
        Console.out(found.isEmpty && command.children.isEmpty ? ":0\n" : ":4\n")
        return 0
    }

    /// Names of the daemon's objects that a command takes. A daemon that is away has none.
    private static func arguments(_ command: Command, _ previous: String, _ session: Session) -> [String] {
        let words = command.path.split(separator: " ").map { String($0) }
        let verb = words.last ?? ""
        let group = words.count > 2 ? words[1] : ""
        do {
            let client = try session.client()
            if previous == "--network" || group == "network" {
                return try client.get("/networks").array?.compactMap { $0["Name"]?.string } ?? []
            }
            if group == "volume" {
                return try client.get("/volumes")["Volumes"]?.array?.compactMap { $0["Name"]?.string } ?? []
            }
            if group == "image" || ["run", "create", "rmi", "push", "save", "tag", "history"].contains(verb) {
                return try client.get("/images/json").array?.flatMap {
                    ($0["RepoTags"]?.array ?? []).compactMap { $0.string }
                } ?? []
            }
            let all = ["start", "rm", "inspect", "logs", "commit", "export", "diff", "rename", "cp", "wait", "restart"]
            let running = ["stop", "kill", "exec", "attach", "top", "port", "pause", "unpause", "stats", "update"]
            guard all.contains(verb) || running.contains(verb) else { return [] }
            let list = try client.get("/containers/json", all.contains(verb) ? [("all", "1")] : [])
            return list.array?.compactMap { $0["Names"]?[0]?.string.map { String($0.dropFirst()) } } ?? []
        } catch {
            return []
        }
    }
}

func completionCommand(_ session: Session) -> Command {
    func script(_ shell: String, _ summary: String, _ synopsis: String, _ text: @escaping (Bool) -> String) -> Command {
        let command = Command(shell, synopsis, summary, .none) { flags in
            let plain = flags.bool("no-descriptions", usage: "disable completion descriptions")
            return performing { _ in
                Console.out(text(plain.value))
                return 0
            }
        }
        command.explanation = summary + "."
        return command
    }
    let command = Command("completion", "", "Generate the autocompletion script for the specified shell")
    command.explanation = """
        Generate the autocompletion script for docker for the specified shell.
        See each sub-command's help for details on how to use the generated script.
        """
    command.hidden = true
    command.helpsWithUnknownWords = true
    return command.add([
        script("bash", "Generate the autocompletion script for bash", "") { CompletionScripts.bash(plain: $0) },
        script("fish", "Generate the autocompletion script for fish", "[flags]") { CompletionScripts.fish(plain: $0) },
        script("zsh", "Generate the autocompletion script for zsh", "[flags]") { CompletionScripts.zsh(plain: $0) },
        script("powershell", "Generate the autocompletion script for powershell", "[flags]") {
            CompletionScripts.powershell(plain: $0)
        },
    ])
}

/// Scripts that teach a shell to ask `docker __complete`.
enum CompletionScripts {
    private static func request(_ plain: Bool) -> String { plain ? "__completeNoDesc" : "__complete" }

    static func bash(plain: Bool) -> String {
        """
        # bash completion for docker
        __docker_complete() {
            local line word words
            words=("${COMP_WORDS[@]:1:COMP_CWORD}")
            COMPREPLY=()
            while IFS= read -r line; do
                case $line in
                :0) compopt -o default 2>/dev/null ;;
                :*) ;;
                *) word=${line%%$'\\t'*}; COMPREPLY+=("$word") ;;
                esac
            done < <("${COMP_WORDS[0]}" \(request(plain)) "${words[@]}" 2>/dev/null)
        }
        complete -F __docker_complete docker

        """
    }

    static func zsh(plain: Bool) -> String {
        """
        #compdef docker
        compdef _docker docker
        _docker() {
            local line files=0
            local -a found
            while IFS= read -r line; do
                case $line in
                :0) files=1 ;;
                :*) ;;
                *) found+=("${${line%%$'\\t'*}//:/\\\\:}${${(M)line:#*$'\\t'*}:+:${line#*$'\\t'}}") ;;
                esac
            done < <("${words[1]}" \(request(plain)) "${(@)words[2,CURRENT]}" 2>/dev/null)
            _describe docker found || (( files )) && _files
        }
        [ "$funcstack[1]" = "_docker" ] && _docker

        """
    }

    static func fish(plain: Bool) -> String {
        """
        # fish completion for docker
        function __docker_complete
            set -l words (commandline -opc) (commandline -ct)
            $words[1] \(request(plain)) $words[2..-1] 2>/dev/null | string match -v -r '^:\\d+$'
        end
        complete -c docker -f -a '(__docker_complete)'

        """
    }

    static func powershell(plain: Bool) -> String {
        """
        Register-ArgumentCompleter -CommandName 'docker' -Native -ScriptBlock {
            param($word, $tree, $position)
            $words = $tree.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() }
            if (-not $word) { $words = @($words) + '' }
            docker \(request(plain)) @words 2>$null | Where-Object { $_ -notmatch '^:\\d+$' } | ForEach-Object {
                $name, $about = $_ -split "`t", 2
                $type = [System.Management.Automation.CompletionResult]
                $type::new($name, $name, 'ParameterValue', ($about, $name -ne $null)[0])
            }
        }

        """
    }
}
