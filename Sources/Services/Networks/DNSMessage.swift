internal import Netlink

/// A question of one container (RFC 1035), read without trusting a byte of it.
struct DNSQuestion: Equatable {
    enum Kind: UInt16 { case address = 1, pointer = 12, mail = 15, address6 = 28 }

    let id: UInt16
    let wantsRecursion: Bool
    /// In lower case, without the dot at the end; empty for the root.
    let name: String
    /// The record type asked for.
    let type: UInt16
    let isInternet: Bool
    /// The question section as it came: it is repeated in answers.
    let section: [UInt8]

    var kind: Kind? { isInternet ? Kind(rawValue: type) : nil }

    /// nil unless this is one standard query with exactly one question.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 17, bytes.count <= 65535 else { return nil }
        // QR 0, OPCODE 0.
        guard bytes[2] & 0xF8 == 0, DNSQuestion.word(bytes, 4) == 1 else { return nil }
        var labels: [String] = []
        var position = 12
        var total = 0
        while true {
            guard position < bytes.count else { return nil }
            let length = Int(bytes[position])
            position += 1
            if length == 0 { break }
            // Longer ones are pointers, which a single question has no use for.
            guard length <= 63, position + length <= bytes.count else { return nil }
            total += length + 1
            guard total <= 254 else { return nil }
            labels.append(DNSQuestion.lowered(bytes[position..<(position + length)]))
            position += length
        }
        guard position + 4 <= bytes.count else { return nil }
        id = DNSQuestion.word(bytes, 0)
        wantsRecursion = bytes[2] & 1 != 0
        name = labels.joined(separator: ".")
        type = DNSQuestion.word(bytes, position)
        isInternet = DNSQuestion.word(bytes, position + 2) == 1
        section = Array(bytes[12..<(position + 4)])
    }

    private static func word(_ bytes: [UInt8], _ offset: Int) -> UInt16 {
        UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
    }

    private static func lowered(_ label: ArraySlice<UInt8>) -> String {
        String(decoding: label.map { $0 >= 65 && $0 <= 90 ? $0 + 32 : $0 }, as: UTF8.self)
    }

    /// The address a question by pointer is about: "4.3.2.1.in-addr.arpa", or 32 digits before "ip6.arpa".
    var pointerAddress: InternetAddress? {
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        if labels.count == 6, labels.suffix(2) == ["in-addr", "arpa"] {
            return IPv4Address(labels.dropLast(2).reversed().joined(separator: ".")).map { .four($0) }
        }
        guard labels.count == 34, labels.suffix(2) == ["ip6", "arpa"] else { return nil }
        let digits = labels.dropLast(2).reversed()
        guard digits.allSatisfy({ $0.utf8.count == 1 }) else { return nil }
        return UInt128(digits.joined(), radix: 16).map { .six(IPv6Address($0)) }
    }

    /// Whether bytes answer this question: same question, a response.
    func isAnswered(by bytes: [UInt8], id expected: UInt16) -> Bool {
        guard bytes.count >= 12 + section.count, DNSQuestion.word(bytes, 0) == expected, bytes[2] & 0x80 != 0,
            DNSQuestion.word(bytes, 4) == 1
        else { return false }
        return Array(bytes[12..<(12 + section.count)]).elementsEqual(section) {
            DNSQuestion.fold($0) == DNSQuestion.fold($1)
        }
    }

    private static func fold(_ byte: UInt8) -> UInt8 { byte >= 65 && byte <= 90 ? byte + 32 : byte }

    // MARK: Answers

    /// Seconds an answer may be kept, as upstream says.
    private static let lifetime: UInt32 = 600

    private func header(code: UInt8, answers: Int) -> [UInt8] {
        [
            UInt8(id >> 8), UInt8(id & 255), 0x80 | (wantsRecursion ? 1 : 0), 0x80 | code, 0, 1,
            UInt8(answers >> 8 & 255),
            UInt8(answers & 255), 0, 0, 0, 0,
        ]
    }

    private func record(_ data: [UInt8]) -> [UInt8] {
        let life = DNSQuestion.lifetime
        // The name is the one at offset 12.
        return [0xC0, 12, UInt8(type >> 8), UInt8(type & 255), 0, 1]
            + [UInt8(life >> 24), UInt8(life >> 16 & 255), UInt8(life >> 8 & 255), UInt8(life & 255)]
            + [UInt8(data.count >> 8), UInt8(data.count & 255)] + data
    }

    /// Addresses of the type asked for, or for an empty list "the name exists, without any".
    func answer(_ addresses: [[UInt8]]) -> [UInt8] {
        // As many as fit the 512 bytes of a datagram.
        let room = (512 - 12 - section.count) / ((addresses.first?.count ?? 4) + 12)
        let some = addresses.prefix(min(25, room))
        return header(code: 0, answers: some.count) + section + some.flatMap { record($0) }
    }

    func answer(pointer target: String) -> [UInt8] {
        var data: [UInt8] = []
        for label in target.split(separator: ".") {
            let bytes = Array(label.utf8.prefix(63))
            data.append(UInt8(bytes.count))
            data += bytes
        }
        return header(code: 0, answers: 1) + section + record(data + [0])
    }

    /// 2: the servers failed; 3: no such name; 5: refused.
    func failure(_ code: UInt8) -> [UInt8] { header(code: code, answers: 0) + section }
}
