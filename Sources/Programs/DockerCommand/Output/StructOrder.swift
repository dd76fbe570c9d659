internal import GoTemplate
internal import JSON

/// Members that Go writes though the daemon may not know them, by the struct's name.
private let alwaysWritten: [String: [(String, JSON)]] = [
    "network.EndpointSettings": [("DriverOpts", .null), ("GwPriority", .int(0)), ("DNSNames", .null)]
]
/// Members that Go leaves out when they are zero.
private let writtenWhenSet = ["KernelMemory", "KernelMemoryTCP"]

extension JSON {
    /// The value as Go writes it once it was decoded into the type `shape` tells of: members in the struct's order.
    func inStructOrder(_ shape: Shape) -> JSON {
        switch (self, shape) {
        case (_, .pointer(let target)): return inStructOrder(target)
        case (.array(let items), .list(let element)): return .array(items.map { $0.inStructOrder(element) })
        case (.object(let object), .map(let element)), (.object(let object), .keyed(_, let element)):
            return .members(object.members.map { ($0.name, $0.value.inStructOrder(element)) })
        case (.object(let object), .structure(let structure)):
            var ordered = JSON.Object()
            object.copy(structure, into: &ordered)
            for member in object.members where ordered[member.name] == nil && !writtenWhenSet.contains(member.name) {
                ordered[member.name] = member.value
            }
            return .object(ordered)
        default: return self
        }
    }
}

extension JSON.Object {
    fileprivate func copy(_ structure: Structure, into ordered: inout JSON.Object) {
        let always = alwaysWritten[structure.name] ?? []
        for field in structure.fields {
            if field.key.isEmpty {
                // An embedded struct's members stand beside its neighbours.
                if let embedded = field.shape.embedded { copy(embedded, into: &ordered) }
            } else if let value = self[field.key] ?? always.first(where: { $0.0 == field.key })?.1 {
                if writtenWhenSet.contains(field.key) && value.int == 0 { continue }
                ordered[field.key] = value.inStructOrder(field.shape)
            }
        }
    }
}

extension Shape {
    fileprivate var embedded: Structure? {
        switch self {
        case .structure(let structure): structure
        case .pointer(let target): target.embedded
        default: nil
        }
    }
}
