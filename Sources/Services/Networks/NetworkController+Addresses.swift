internal import EngineAPI
internal import Linux
internal import Netlink

/// Which addresses a new network gets.
extension NetworkController {
    /// IPv6 is there unless the kernel was built or started without it.
    static func checkIPv6() throws(EngineError) {
        guard HostBridge.value("ipv6/conf/all/disable_ipv6") != nil else {
            throw .failed("IPv6 is not available on this host")
        }
    }

    /// The addresses of a network in one family: what was asked for, or the next free subnet.
    func plan<Address>(_ network: NetworkRecord) throws(EngineError) -> AddressPlan<Address> {
        let pools = network.pools(of: Address.self)
        let (subnet, range): (NetworkPrefix<Address>, NetworkPrefix<Address>?) = try subnet(pools.first)
        if pools.count > 1 { throw .forbidden("bridge driver doesn't support multiple subnets") }
        var addresses = AddressPool(subnet: subnet, range: range)
        let gateway = try gateway(pools.first?.gateway ?? "", &addresses)
        var plan = AddressPlan(subnet: NetworkPrefix(gateway, subnet.length), gateway: gateway)
        plan.range = range
        plan.reserved = try reserved(pools.first?.auxiliaryAddresses ?? [:], &addresses)
        return plan
    }

    private func subnet<Address>(
        _ pool: IPAMConfig?
    ) throws(EngineError) -> (NetworkPrefix<Address>, NetworkPrefix<Address>?) {
        guard let pool else { return (try freeSubnet(), nil) }
        guard let subnet = NetworkPrefix<Address>(pool.subnet) else {
            throw .invalid("Invalid subnet \(pool.subnet) : invalid CIDR address: \(pool.subnet)")
        }
        let others: [NetworkPrefix<Address>] = subnets(exceptOf: "")
        if others.contains(where: { $0.overlaps(subnet) }) {
            throw .forbidden("Pool overlaps with other one on this address space")
        }
        if pool.ipRange.isEmpty { return (subnet.masked, nil) }
        guard let range = NetworkPrefix<Address>(pool.ipRange), range.length >= subnet.length,
            subnet.contains(range.address)
        else { throw .invalid("invalid ip-range " + pool.ipRange + ": not a part of subnet " + pool.subnet) }
        return (subnet.masked, range.masked)
    }

    /// The next of the default pools that overlaps no other network and none of the host's routes. A route out of the
    /// interface named does not count.
    func freeSubnet<Address>(for interface: String = "") throws(EngineError) -> NetworkPrefix<Address> {
        let others: [NetworkPrefix<Address>] = subnets(exceptOf: interface) + (try hostRoutes(except: interface))
        guard let free = subnets.withLock({ $0.take(avoiding: others) }) else {
            throw .notFound(
                "could not find an available, non-overlapping \(Address.familyName) address pool among the"
                    + " defaults to assign to the network")
        }
        return free
    }

    /// The subnets of all networks but that of the bridge named.
    private func subnets<Address>(exceptOf interface: String) -> [NetworkPrefix<Address>] {
        state.withLock { state in
            state.all.compactMap(\.bridge).filter { $0.interface != interface }.flatMap { bridge in
                let all: [Any?] = [bridge.subnet.masked, bridge.six?.subnet.masked]
                return all.compactMap { $0 as? NetworkPrefix<Address> }
            }
        }
    }

    /// Where the host's routes lead, but for those out of the interface named.
    private func hostRoutes<Address>(except name: String) throws(EngineError) -> [NetworkPrefix<Address>] {
        do throws(SystemCallError) {
            let route = try RouteSocket()
            let own = name.isEmpty ? -1 : try route.links().first { $0.name == name }?.index ?? -1
            return try route.routes(of: Address.self).filter { $0.index != own }.map(\.destination)
        } catch {
            throw .failed("failed to read the host's routes: " + error.description)
        }
    }

    private func gateway<Address>(
        _ wanted: String, _ pool: inout AddressPool<Address>
    ) throws(EngineError) -> Address {
        do throws(AddressPool<Address>.Failure) {
            if wanted.isEmpty { return try pool.take() }
            guard let address = Address(wanted) else { throw .outside }
            try pool.take(address)
            return address
        } catch {
            let message = "failed to allocate gateway (" + wanted + "): "
            switch error {
            case .inUse: throw .forbidden(message + "Address already in use")
            case .outside: throw .invalid(message + "Requested address is out of range")
            case .exhausted: throw .forbidden(message + "No available addresses on this pool")
            }
        }
    }

    private func reserved<Address>(
        _ wanted: [String: String], _ pool: inout AddressPool<Address>
    ) throws(EngineError) -> [Address] {
        var reserved: [Address] = []
        for (name, text) in wanted.sorted(by: { $0.key < $1.key }) {
            guard let address = Address(text), pool.subnet.contains(address) else {
                throw .forbidden(
                    "auxiliary address: (\(name):\(text)) must belong to the master pool: \(pool.subnet)")
            }
            do throws(AddressPool<Address>.Failure) { try pool.take(address) } catch {
                throw .forbidden("failed to allocate secondary ip address (\(name):\(text)): Address already in use")
            }
            reserved.append(address)
        }
        return reserved
    }
}
