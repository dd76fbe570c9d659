internal import CLinux
internal import Linux
public import OCIRuntime

extension Cgroup {
    /// What every container may do, whatever its own rules: make nodes, and use the standard devices and terminals.
    public static let defaultDeviceRules: [Resources.DeviceRule] = [
        Resources.DeviceRule(allow: true, type: "c", access: "m"),
        Resources.DeviceRule(allow: true, type: "b", access: "m"),
        Resources.DeviceRule(allow: true, type: "c", major: 1, minor: 3, access: "rwm"),
        Resources.DeviceRule(allow: true, type: "c", major: 1, minor: 8, access: "rwm"),
        Resources.DeviceRule(allow: true, type: "c", major: 1, minor: 7, access: "rwm"),
        Resources.DeviceRule(allow: true, type: "c", major: 5, minor: 0, access: "rwm"),
        Resources.DeviceRule(allow: true, type: "c", major: 1, minor: 5, access: "rwm"),
        Resources.DeviceRule(allow: true, type: "c", major: 1, minor: 9, access: "rwm"),
        Resources.DeviceRule(allow: true, type: "c", major: 136, access: "rwm"),
        Resources.DeviceRule(allow: true, type: "c", major: 5, minor: 2, access: "rwm"),
        Resources.DeviceRule(allow: true, type: "c", major: 10, minor: 200, access: "rwm"),
    ]

    /// The container's own rules and then the default ones.
    public static func withDefaults(_ rules: [Resources.DeviceRule]) -> [Resources.DeviceRule] {
        rules + defaultDeviceRules
    }

    /// Sets which devices may be used. Before there is a process in it: in v1 the rules come one by one, after one that
    /// denies everything.
    public func restrictDevices(_ rules: [Resources.DeviceRule]) throws(CgroupFailure) {
        do throws(CgroupFailure) {
            if isUnified {
                if let path = path("") { try attachDeviceProgram(path, Cgroup.withDefaults(rules)) }
            } else if let path = path("devices") {
                try setDevices(path, rules)
            }
        } catch {
            if !toleratesDenial { throw error }
        }
    }

    func setDevices(_ path: String, _ rules: [Resources.DeviceRule]) throws(CgroupFailure) {
        var written: [String] = []
        for rule in Cgroup.effective(rules) {
            let text = (rule.allow ? "+" : "-") + Cgroup.legacyText(rule)
            if written.contains(text) { continue }
            written.append(text)
            try put(Cgroup.legacyText(rule), path, rule.allow ? "devices.allow" : "devices.deny")
        }
    }

    /// The rules that count: what stands before a rule for everything is undone by it.
    static func effective(_ rules: [Resources.DeviceRule]) -> [Resources.DeviceRule] {
        let start = rules.lastIndex { $0.type.isEmpty || $0.type == "a" } ?? 0
        let kept = Array(rules[min(start, rules.count)...])
        // After "everything is allowed" the defaults say nothing new.
        if kept.count == 1, kept[0].allow { return kept }
        return withDefaults(kept)
    }

    /// `c 1:3 rwm`, as devices.allow takes it.
    static func legacyText(_ rule: Resources.DeviceRule) -> String {
        let type = rule.type.isEmpty ? "a" : rule.type
        func number(_ value: Int?) -> String { value.map { $0 == -1 ? "*" : String($0) } ?? "*" }
        return type + " " + number(rule.major) + ":" + number(rule.minor) + " "
            + (rule.access.isEmpty ? "rwm" : rule.access)
    }

    /// v2 has no device files: a program of the kernel's virtual machine decides (cgroup v2, "Device controller").
    func attachDeviceProgram(_ path: String, _ rules: [Resources.DeviceRule]) throws(CgroupFailure) {
        let program = DeviceProgram(rules).instructions
        do throws(SystemCallError) {
            let directory = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
            let result = program.withUnsafeBufferPointer { list in
                cl_attach_device_program(directory.number, list.baseAddress, list.count)
            }
            if result < 0 { throw SystemCallError(number: cl_errno(), operation: "bpf", subject: path) }
        } catch {
            throw CgroupFailure("failed to call BPF_PROG_ATTACH (BPF_CGROUP_DEVICE): " + error.reason)
        }
    }
}

/// Device rules as instructions of eBPF. The last rule that matches decides, so they are tried from the last.
struct DeviceProgram {
    /// Each as struct bpf_insn: code, registers, offset and immediate from low to high.
    private(set) var instructions: [UInt64] = []

    init(_ rules: [Resources.DeviceRule]) {
        // r1 is struct bpf_cgroup_dev_ctx: access and type in one word, major, minor.
        emit(0x61, 0x12, 0, 0)  // r2 = *(u32 *)(r1 + 0)
        emit(0xbc, 0x23, 0, 0)  // w3 = w2
        emit(0x54, 0x02, 0, 0xFFFF)  // w2 &= 0xffff: type
        emit(0x74, 0x03, 0, 16)  // w3 >>= 16: access
        emit(0x61, 0x14, 4, 0)  // r4 = major
        emit(0x61, 0x15, 8, 0)  // r5 = minor
        for rule in rules.reversed() { if add(rule) { return } }
        emit(0xb7, 0x00, 0, 0)
        emit(0x95, 0, 0, 0)
    }

    /// Appends one rule; true when it matches everything, so that none before it can count.
    private mutating func add(_ rule: Resources.DeviceRule) -> Bool {
        var tests: [(code: UInt8, registers: UInt8, value: Int32)] = []
        switch rule.type {
        case "b": tests.append((0x55, 0x02, 1))
        case "c": tests.append((0x55, 0x02, 2))
        default: break
        }
        if let major = rule.major, major >= 0 { tests.append((0x55, 0x04, Int32(truncatingIfNeeded: major))) }
        if let minor = rule.minor, minor >= 0 { tests.append((0x55, 0x05, Int32(truncatingIfNeeded: minor))) }
        var access: Int32 = 0
        for letter in rule.access.utf8 {
            switch letter {
            case UInt8(ascii: "m"): access |= 1
            case UInt8(ascii: "r"): access |= 2
            case UInt8(ascii: "w"): access |= 4
            default: break
            }
        }
        let anyAccess = access == 7 || access == 0
        // Instructions after the tests: three for access, two for the answer.
        var left = tests.count + (anyAccess ? 0 : 3) + 2
        for test in tests {
            left -= 1
            emit(test.code, test.registers, Int16(left), test.value)
        }
        if !anyAccess {
            emit(0xbc, 0x31, 0, 0)  // w1 = w3
            emit(0x54, 0x01, 0, access)  // w1 &= access
            // A rule to allow holds when all that is asked is in it; one to deny when any is.
            if rule.allow { emit(0x5d, 0x31, 2, 0) } else { emit(0x15, 0x01, 2, 0) }
        }
        emit(0xb7, 0x00, 0, rule.allow ? 1 : 0)
        emit(0x95, 0, 0, 0)
        return tests.isEmpty && anyAccess
    }

    private mutating func emit(_ code: UInt8, _ registers: UInt8, _ offset: Int16, _ immediate: Int32) {
        // In struct bpf_insn the destination is the low half of the second byte; here it is written source first.
        instructions.append(
            UInt64(code) | UInt64(registers & 15) << 8 | UInt64(registers >> 4) << 12
                | UInt64(UInt16(bitPattern: offset)) << 16 | UInt64(UInt32(bitPattern: immediate)) << 32)
    }
}
