public import EngineAPI
internal import GRPC
internal import JSON
internal import Protobuf
internal import Workers

extension Engine {
    /// `POST /containers/{id}/update`: limits and the restart policy. `given` holds only what the client set.
    public func update(_ reference: String, _ change: HostConfig) async throws(EngineError) -> [String] {
        let container = try find(reference)
        try change.restartPolicy.validate()
        var checked = change
        var checks = ResourceChecks(facts)
        try checks.check(&checked, isUpdate: true)
        try refuse(change)
        let wanted = checked
        try await container.operations.perform { () async throws(EngineError) in
            let before = container.record
            if before.life.phase == .removing || before.life.phase == .dead {
                throw .failed(
                    "Cannot update container \(before.id): Container is marked for removal and cannot be"
                        + " \"update\".")
            }
            if before.hostConfig.autoRemove && !wanted.restartPolicy.isNone {
                throw EngineError.invalid(
                    "Restart policy cannot be updated because AutoRemove is enabled for the container"
                ).prefixed("Cannot update container \(before.id)")
            }
            var after = before.hostConfig
            do throws(EngineError) { try after.merge(wanted) } catch {
                throw error.prefixed("Cannot update container \(before.id)")
            }
            if before.life.isRunning { try await self.apply(after, to: before) }
            let merged = after
            container.update { $0.hostConfig = merged }
            try await self.saveHostConfig(container)
        }
        publish("update", container.record)
        return checks.warnings
    }

    private func refuse(_ change: HostConfig) throws(EngineError) {
        if !(change.devices ?? []).isEmpty { throw .invalid("updating Devices is not supported") }
        if !(change.ulimits ?? []).isEmpty { throw .invalid("updating Ulimits is not supported") }
        if !(change.blkioWeightDevice ?? []).isEmpty { throw .invalid("updating BlkioWeightDevice is not supported") }
    }

    private func apply(_ config: HostConfig, to record: ContainerRecord) async throws(EngineError) {
        let resources = try ResourceLimits.resources(config)
        let any = ProtobufAny(
            typeURL: "types.containerd.io/opencontainers/runtime-spec/1/LinuxResources",
            value: resources.json.encoded())
        do throws(GRPCStatus) {
            try await containerd.tasks.update(record.id, resources: any)
        } catch {
            throw EngineError.failed(error.containerdText).prefixed("Cannot update container \(record.id)")
        }
    }

    private func saveHostConfig(_ container: Container) async throws(EngineError) {
        let store = store
        do {
            try await Workers.shared.run { try store.saveHostConfig(container.record) }
        } catch {
            throw .failed("\(error)")
        }
    }
}

extension HostConfig {
    /// Takes over what an update sets; zero and empty mean "as it was".
    fileprivate mutating func merge(_ change: HostConfig) throws(EngineError) {
        for (name, value) in [("Period", cpuPeriod), ("Quota", cpuQuota)] where value != 0 && change.nanoCpus != 0 {
            throw .conflict("Conflicting options: Nano CPUs cannot be updated as CPU \(name) has already been set")
        }
        for (name, value) in [("Period", change.cpuPeriod), ("Quota", change.cpuQuota)]
        where value != 0 && nanoCpus != 0 {
            throw .conflict("Conflicting options: CPU \(name) cannot be updated as NanoCPUs has already been set")
        }
        if change.blkioWeight != 0 { blkioWeight = change.blkioWeight }
        if change.cpuShares != 0 { cpuShares = change.cpuShares }
        if change.nanoCpus != 0 { nanoCpus = change.nanoCpus }
        if change.cpuPeriod != 0 { cpuPeriod = change.cpuPeriod }
        if change.cpuQuota != 0 { cpuQuota = change.cpuQuota }
        if change.cpuRealtimePeriod != 0 { cpuRealtimePeriod = change.cpuRealtimePeriod }
        if change.cpuRealtimeRuntime != 0 { cpuRealtimeRuntime = change.cpuRealtimeRuntime }
        if !change.cpusetCpus.isEmpty { cpusetCpus = change.cpusetCpus }
        if !change.cpusetMems.isEmpty { cpusetMems = change.cpusetMems }
        if change.memory != 0 {
            if memorySwap > 0 && change.memory > memorySwap && change.memorySwap == 0 {
                throw .conflict(
                    "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at"
                        + " the same time")
            }
            memory = change.memory
        }
        if change.memorySwap != 0 {
            if memory > 0 && change.memorySwap > 0 && memory > change.memorySwap {
                throw .conflict("Minimum memoryswap limit should be larger than memory limit, see usage")
            }
            memorySwap = change.memorySwap
        }
        if change.memoryReservation != 0 { memoryReservation = change.memoryReservation }
        if let limit = change.pidsLimit { pidsLimit = limit }
        if !change.restartPolicy.name.isEmpty { restartPolicy = change.restartPolicy }
    }
}
