public import ContainerLogs
public import EngineAPI

extension Engine {
    /// Where a container's log is (nil: it cannot be read), and the log while it is written.
    public func log(
        of reference: String
    ) throws(EngineError) -> (location: LogLocation?, hasTerminal: Bool, live: ContainerLog?) {
        let container = try find(reference)
        let record = container.record
        return (logLocation(record), record.config.tty, container.run.streams?.log)
    }

    func logLocation(_ record: ContainerRecord) -> LogLocation? {
        // A container whose options are refused when it starts has no log.
        try? record.logConfiguration.location(folder: store.folder(record.id), id: record.id)
    }

    /// The container's log, opened to be written; nil for the driver "none".
    func openLog(_ record: ContainerRecord) throws(EngineError) -> ContainerLog? {
        let report = configuration.report
        do throws(EngineError) {
            return try ContainerLog(
                folder: store.folder(record.id), configuration: try record.logConfiguration, subject: record.logSubject
            ) { words in report("container \(record.id): \(words)") }
        } catch {
            throw error.prefixed("failed to initialize logging driver")
        }
    }
}

extension ContainerRecord {
    var logConfiguration: LogConfiguration {
        get throws(EngineError) {
            try LogConfiguration(driver: hostConfig.logConfig.type, options: hostConfig.logConfig.config ?? [:])
        }
    }

    var logSubject: LogSubject {
        var subject = LogSubject(id: id, name: name)
        subject.imageID = imageID
        subject.imageName = config.image
        subject.command = [path] + arguments
        subject.labels = config.labels ?? [:]
        subject.environment = config.env ?? []
        return subject
    }
}
