internal import Flags
internal import Linux

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
            local line=${COMP_LINE:0:COMP_POINT} words part before reply word directive=0
            read -ra words <<<"$line"
            case $line in *[[:space:]]) words+=("") ;; esac
            part=${words[${#words[@]}-1]}
            case $part in -*=*) part=${part#*=} ;; esac
            # What stands before the last colon or equals sign is a word of its own to bash.
            before=${part%"${part##*[:=]}"}
            COMPREPLY=()
            while IFS= read -r reply; do
                case $reply in
                :[0-9]*) directive=${reply#:} ;;
                "$part"*) word=${reply%%$'\\t'*}; COMPREPLY+=("${word#"$before"}") ;;
                esac
            done < <("${words[0]}" \(request(plain)) "${words[@]:1}" 2>/dev/null)
            if (( directive & 2 )); then compopt -o nospace; fi
            if (( directive & 16 )); then compopt -o dirnames; fi
            if (( (directive & 20) == 0 && ${#COMPREPLY[@]} == 0 )); then compopt -o default; fi
        }
        complete -F __docker_complete docker

        """
    }

    static func zsh(plain: Bool) -> String {
        """
        #compdef docker
        compdef _docker docker
        _docker() {
            local reply directive=0
            local -a found options
            while IFS= read -r reply; do
                case $reply in
                :[0-9]*) directive=${reply#:} ;;
                *) found+=("${${reply%%$'\\t'*}//:/\\\\:}${${(M)reply:#*$'\\t'*}:+:${reply#*$'\\t'}}") ;;
                esac
            done < <("${words[1]}" \(request(plain)) "${(@)words[2,CURRENT]}" 2>/dev/null)
            compset -P '-*='
            (( directive & 2 )) && options=(-S '')
            if (( directive & 16 )); then
                _files -/
            else
                _describe docker found "${options[@]}" || (( directive & 4 )) || _files
            fi
        }
        [ "$funcstack[1]" = "_docker" ] && _docker

        """
    }

    static func fish(plain: Bool) -> String {
        """
        # fish completion for docker
        function __docker_complete
            set -l token (commandline -ct)
            set -l words (commandline -opc) $token
            set -l replies ($words[1] \(request(plain)) $words[2..-1] 2>/dev/null)
            set -l directive (string replace ':' '' -- $replies[-1])
            set -l found (string match -v -r '^:\\d+$' -- $replies)
            set -l flag (string match -r -- '^-[^=]*=' $token)
            if test (math "floor($directive / 16) % 2") = 1
                __fish_complete_directories $token
            else if test (count $found) -gt 0
                for word in $found
                    echo "$flag$word"
                end
            else if test (math "floor($directive / 4) % 2") = 0
                __fish_complete_path $token
            end
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
