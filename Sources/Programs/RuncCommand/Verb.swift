internal import ContainerRuntime
internal import Flags

/// A command with its flags read: how many arguments it takes, and what it does.
struct Verb {
    let count: ArgumentCount
    /// Whether it starts a process that a container could look at from inside.
    var sealsItself = false
    var makesContainers = false
    let action: Action

    init(
        _ count: ArgumentCount, sealsItself: Bool = false, makesContainers: Bool = false,
        _ action: @escaping Action
    ) {
        self.makesContainers = makesContainers
        self.count = count
        self.sealsItself = sealsItself
        self.action = action
    }

    /// Every command, in the order of the help.
    static var all: [UrfaveCommand<Verb>] {
        [
            checkpointCommand, createCommand, deleteCommand, eventsCommand, execCommand, killCommand, listCommand,
            pauseCommand, psCommand, restoreCommand, resumeCommand, runCommand, specCommand, startCommand,
            stateCommand, updateCommand, featuresCommand,
        ]
    }
}
