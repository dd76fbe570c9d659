internal import EngineAPI
internal import OCIRuntime

/// Resolves a container's user against the passwd and group files of its root, as upstream does.
struct UserLookup: Sendable {
    struct Account: Equatable, Sendable {
        var name: String
        var uid: UInt32
        var gid: UInt32
        var home: String
    }

    struct Group: Equatable, Sendable {
        var name: String
        var gid: UInt32
        var members: [String]
    }

    let accounts: [Account]
    let groups: [Group]

    /// From the files' text; nil for a file that is not there.
    init(passwd: [UInt8]?, group: [UInt8]?) {
        accounts = UserLookup.lines(passwd).compactMap { fields in
            guard fields.count >= 4, let uid = UInt32(fields[2]), let gid = UInt32(fields[3]) else { return nil }
            return Account(name: fields[0], uid: uid, gid: gid, home: fields.count > 5 ? fields[5] : "")
        }
        groups = UserLookup.lines(group).compactMap { fields in
            guard fields.count >= 3, let gid = UInt32(fields[2]) else { return nil }
            let members = fields.count > 3 ? fields[3].split(separator: ",").map { String($0) } : []
            return Group(name: fields[0], gid: gid, members: members)
        }
    }

    private static func lines(_ bytes: [UInt8]?) -> [[String]] {
        guard let bytes else { return [] }
        return bytes.split(separator: 10).map { line in
            line.split(separator: 58, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// `specification` is "", "name", "uid", or either with ":" and a group's name or number.
    func resolve(_ specification: String, extraGroups: [String]) throws(EngineError) -> (user: Spec.User, home: String)
    {
        let parts = specification.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map {
            String($0)
        }
        let userPart = parts.first ?? ""
        let groupPart = parts.count > 1 ? parts[1] : ""
        let account = try account(userPart)
        var user = Spec.User(uid: account.uid, gid: account.gid)
        var supplementary: [UInt32] = []
        if !groupPart.isEmpty {
            user.gid = try gid(groupPart)
        } else {
            supplementary = groups.filter { $0.members.contains(account.name) && !account.name.isEmpty }.map(\.gid)
        }
        for name in extraGroups {
            if let group = groups.first(where: { $0.name == name }) {
                supplementary.append(group.gid)
            } else if let number = Int(name) {
                supplementary.append(try UserLookup.inRange(number))
            } else {
                throw .invalid("Unable to find group \(name): no matching entries in group file")
            }
        }
        user.additionalGids = [user.gid] + supplementary.filter { $0 != user.gid }
        return (user, account.home.isEmpty ? "/" : account.home)
    }

    private func account(_ name: String) throws(EngineError) -> Account {
        let number = name.isEmpty ? 0 : Int(name)
        if let found = accounts.first(where: { $0.name == name && !name.isEmpty }) { return found }
        if let number {
            let uid = try UserLookup.inRange(number)
            if let found = accounts.first(where: { $0.uid == uid }) { return found }
            return Account(name: "", uid: uid, gid: 0, home: "/")
        }
        throw .invalid("unable to find user \(name): no matching entries in passwd file")
    }

    private func gid(_ name: String) throws(EngineError) -> UInt32 {
        if let group = groups.first(where: { $0.name == name }) { return group.gid }
        guard let number = Int(name) else {
            throw .invalid("unable to find group \(name): no matching entries in group file")
        }
        return try UserLookup.inRange(number)
    }

    private static func inRange(_ number: Int) throws(EngineError) -> UInt32 {
        guard number >= 0, number <= Int(Int32.max) else {
            throw .invalid("uids and gids must be in range 0-2147483647")
        }
        return UInt32(number)
    }
}
