// swift-tools-version: 6.2
import PackageDescription

// The house: five floors under Sources/, one folder each. A module uses only modules of lower floors, or modules of
// its own floor that stand above it in this table. The manifest refuses an arrow that runs up.
//
// WEIGHT=light builds only the light programs, in Embedded Swift and with no package dependency at all; without it the
// same modules are built with the full standard library, beside the full programs and the unit tests.

enum Floor: Int { case Kernel, Formats, Mechanisms, Services, Programs }

enum Weight { case light, full }

struct Module {
    let name: String
    let floor: Floor
    let weight: Weight
    let uses: [String]
    var packages: [String] = []
    var libraries: [String] = []
    var isC = false
}

func light(
    _ floor: Floor, _ name: String, _ uses: [String] = [], libraries: [String] = [], isC: Bool = false
) -> Module {
    Module(name: name, floor: floor, weight: .light, uses: uses, libraries: libraries, isC: isC)
}

func full(
    _ floor: Floor, _ name: String, _ uses: [String] = [], packages: [String] = [], libraries: [String] = [],
    isC: Bool = false
) -> Module {
    Module(
        name: name, floor: floor, weight: .full, uses: uses, packages: packages, libraries: libraries, isC: isC)
}

let modules: [Module] = [
    // Kernel: descriptors, errno, processes, mounts, namespaces.
    light(.Kernel, "CLinux", isC: true),
    light(.Kernel, "Linux", ["CLinux"]),

    // Formats: bytes to values; no system call.
    light(.Formats, "GoText", ["CLinux"]),
    light(.Formats, "SHA2"),
    light(.Formats, "JSON"),
    light(.Formats, "Protobuf"),
    light(.Formats, "Flags", ["GoText"]),
    light(.Formats, "OCIRuntime", ["JSON"]),
    light(.Formats, "ContainerdAPI", ["Protobuf"]),
    full(.Formats, "OCIImage", ["JSON"]),
    full(.Formats, "EngineAPI", ["JSON"]),
    full(.Formats, "ByteStream"),
    full(.Formats, "TarFormat", ["ByteStream"]),
    full(.Formats, "GoTemplate", ["GoText", "JSON"]),
    full(.Formats, "TextTable"),
    full(.Formats, "TOML"),

    // Mechanisms: one kernel subsystem or one wire each.
    light(.Mechanisms, "CSeccomp", libraries: ["seccomp"], isC: true),
    light(.Mechanisms, "Seccomp", ["SHA2", "CSeccomp", "OCIRuntime", "JSON", "Linux", "CLinux"]),
    light(.Mechanisms, "Cgroups", ["GoText", "OCIRuntime", "JSON", "Linux", "CLinux"]),
    light(.Mechanisms, "Mounts", ["OCIRuntime", "Linux", "CLinux"]),
    light(.Mechanisms, "TTRPC", ["Protobuf", "Linux", "CLinux"]),
    full(.Mechanisms, "Terminal", ["Linux", "CLinux"]),
    full(.Mechanisms, "CCrypto", libraries: ["crypto"], isC: true),
    full(.Mechanisms, "Digests", ["CCrypto", "ByteStream"]),
    full(.Mechanisms, "CCompression", libraries: ["z", "zstd", "bz2", "lzma"], isC: true),
    full(.Mechanisms, "Compression", ["CCompression", "ByteStream"]),
    full(.Mechanisms, "CSQLite", libraries: ["sqlite3"], isC: true),
    full(.Mechanisms, "SQLite", ["CSQLite"]),
    full(.Mechanisms, "RegularExpressions", ["CLinux"]),
    full(.Mechanisms, "Workers", ["Linux", "CLinux"]),
    full(.Mechanisms, "DaemonLog", ["GoText", "Linux", "CLinux"], packages: ["Logging"]),
    full(.Mechanisms, "Archive", ["ByteStream", "TarFormat", "Linux", "CLinux"]),
    full(.Mechanisms, "Netlink", ["Workers", "Linux", "CLinux"]),
    full(.Mechanisms, "Firewall", ["Linux", "CLinux"]),
    full(
        .Mechanisms, "HTTPServer", ["CCrypto", "GoText", "JSON", "Workers", "Linux", "CLinux"],
        packages: ["NIOCore", "NIOPosix", "NIOSSL"]),
    full(
        .Mechanisms, "HTTPClient", ["GoText", "Linux", "CLinux"],
        packages: ["NIOCore", "NIOEmbedded", "NIOSSL"]),
    full(
        .Mechanisms, "GRPC", ["Protobuf", "Linux", "CLinux"],
        packages: ["NIOCore", "NIOPosix", "NIOHTTP2", "NIOHPACK"]),

    // Services: state on disk, and rules; typed clients.
    light(
        .Services, "ContainerRuntime",
        ["GoText", "OCIRuntime", "JSON", "Seccomp", "Cgroups", "Mounts", "Linux", "CLinux"]),
    full(
        .Services, "ContainerdClient", ["ContainerdAPI", "Protobuf", "GRPC", "Linux"],
        packages: ["NIOCore"]),
    full(.Services, "EngineClient", ["GoText", "JSON", "HTTPClient", "CLinux"]),
    full(.Services, "Metadata", ["RegularExpressions", "Linux", "GoText", "SQLite", "JSON", "CLinux"]),
    full(.Services, "Content", ["GoText", "Metadata", "Digests", "Linux", "CLinux"]),
    full(.Services, "Snapshots", ["Metadata", "ContainerdAPI", "Linux", "CLinux"]),
    full(
        .Services, "ImageDiff",
        [
            "GoText", "Content", "Metadata", "ContainerdAPI", "Archive", "TarFormat", "ByteStream", "Digests",
            "Compression", "OCIImage", "Linux", "CLinux",
        ]),
    full(
        .Services, "Tasks",
        [
            "GoText", "ContainerdAPI", "Protobuf", "TTRPC", "Metadata", "Workers", "JSON", "Linux", "CLinux",
        ],
        packages: ["NIOCore", "NIOPosix", "Logging"]),
    full(
        .Services, "ContainerLogs",
        [
            "RegularExpressions", "GoText", "EngineAPI", "GoTemplate", "JSON", "ByteStream", "Compression", "Archive",
            "Workers", "Linux", "CLinux",
        ]),
    full(.Services, "Volumes", ["RegularExpressions", "GoText", "EngineAPI", "JSON", "Linux", "CLinux"]),
    full(
        .Services, "Networks",
        [
            "RegularExpressions", "GoText", "EngineAPI", "JSON", "Netlink", "Firewall", "Workers", "Linux", "CLinux",
        ]),
    full(
        .Services, "ContainerFiles",
        [
            "GoText", "EngineAPI", "ByteStream", "Compression", "Archive", "TarFormat", "JSON", "Mounts", "Workers",
            "Linux", "CLinux",
        ]),
    full(
        .Services, "Images",
        [
            "GoText", "EngineAPI", "OCIImage", "ContainerdAPI", "Protobuf", "ContainerdClient", "GRPC", "ByteStream",
            "Archive", "TarFormat", "Compression", "Digests", "Workers", "JSON", "Linux", "CLinux",
        ]),
    full(
        .Services, "Engine",
        [
            "RegularExpressions", "GoText", "Images", "ContainerFiles", "EngineAPI", "OCIRuntime", "OCIImage", "JSON",
            "ContainerdAPI", "Protobuf", "ContainerdClient", "GRPC", "Networks", "Volumes", "ContainerLogs",
            "Workers", "Linux", "CLinux",
        ]),

    // Programs: argv in, exit status out. A main is a door to its XCommand library.
    light(.Programs, "DockerInitCommand", ["Linux", "CLinux"]),
    light(.Programs, "DockerProxyCommand", ["Flags", "Linux", "CLinux"]),
    light(
        .Programs, "RuncCommand",
        [
            "GoText", "ContainerRuntime", "OCIRuntime", "JSON", "Flags", "Cgroups", "Mounts", "Seccomp", "Linux",
            "CLinux",
        ]),
    light(
        .Programs, "ShimCommand",
        [
            "SHA2", "GoText", "TTRPC", "ContainerdAPI", "Protobuf", "JSON", "Flags", "Linux", "CLinux",
        ]),
    full(
        .Programs, "ContainerdCommand",
        [
            "GoText", "ContainerdAPI", "Protobuf", "GRPC", "Metadata", "Content", "Snapshots", "ImageDiff", "Tasks",
            "Workers", "DaemonLog", "Flags", "TOML", "Linux", "CLinux",
        ], packages: ["NIOCore", "Logging"]),
    full(
        .Programs, "CtrCommand",
        [
            "GoText", "ContainerdAPI", "Protobuf", "ContainerdClient", "GRPC", "OCIImage", "OCIRuntime", "Archive",
            "TarFormat", "ByteStream", "Compression", "Digests", "Terminal", "Workers", "TextTable", "Flags", "JSON",
            "Linux", "CLinux",
        ], packages: ["NIOCore", "NIOPosix"]),
    full(
        .Programs, "DockerdCommand",
        [
            "GoText", "Engine", "Images", "ContainerFiles", "EngineAPI", "HTTPServer", "Networks", "Volumes",
            "ContainerLogs", "ContainerdClient", "ByteStream", "Archive", "Workers", "DaemonLog", "Flags", "JSON",
            "Linux", "CLinux",
        ], packages: ["Logging"]),
    full(
        .Programs, "DockerCommand",
        [
            "GoText", "EngineClient", "EngineAPI", "HTTPClient", "GoTemplate", "TextTable", "Terminal", "ByteStream",
            "TarFormat", "Archive", "Compression", "Digests", "Flags", "JSON", "Linux", "CLinux",
        ]),
]

/// The eight programs: executable, the command library behind it.
let programs: [(name: String, command: String)] = [
    ("docker", "DockerCommand"), ("dockerd", "DockerdCommand"), ("containerd", "ContainerdCommand"),
    ("ctr", "CtrCommand"), ("runc", "RuncCommand"), ("containerd-shim-runc-v2", "ShimCommand"),
    ("docker-proxy", "DockerProxyCommand"), ("docker-init", "DockerInitCommand"),
]

/// Modules with unit tests in Tests/<Module>Tests.
let tested: Set<String> = [
    "GoText", "SHA2",
    "EngineAPI", "Engine",
    "Archive",
    "ContainerdAPI",
    "CtrCommand",
    "Cgroups",
    "Compression",
    "ContainerLogs",
    "Content",
    "Digests",
    "DockerCommand",
    "DockerInitCommand",
    "DockerProxyCommand",
    "Firewall",
    "Flags",
    "GRPC",
    "GoTemplate",
    "HTTPClient",
    "HTTPServer",
    "Images",
    "JSON",
    "Linux",
    "Metadata",
    "Netlink",
    "Networks",
    "OCIImage",
    "OCIRuntime",
    "Protobuf",
    "SQLite",
    "ShimCommand",
    "Snapshots",
    "TOML",
    "TTRPC",
    "TarFormat",
    "TextTable",
    "Volumes",
]

/// Those of them with a folder Fixtures of upstream's own bytes.
let withFixtures: Set<String> = ["Compression", "TarFormat"]

// MARK: - From the table to targets

let buildsLight = Context.environment["WEIGHT"] == "light"
let warningsAreErrors = Context.environment["SLIPWAY_WERROR"] == "1"

func refuseArrowsThatRunUp() {
    var declared: [String: Floor] = [:]
    for module in modules {
        for used in module.uses {
            guard let floor = declared[used], floor.rawValue <= module.floor.rawValue else {
                fatalError("Package.swift: \(module.name) (\(module.floor)) may not use \(used): it is not below it.")
            }
        }
        declared[module.name] = module.floor
    }
}
refuseArrowsThatRunUp()

let packageOf: [String: String] = [
    "NIOCore": "swift-nio", "NIOEmbedded": "swift-nio", "NIOPosix": "swift-nio", "NIOHTTP1": "swift-nio",
    "NIOSSL": "swift-nio-ssl",
    "NIOHTTP2": "swift-nio-http2", "NIOHPACK": "swift-nio-http2", "Logging": "swift-log",
]

let chosen = modules.filter { !buildsLight || $0.weight == .light }
let chosenNames = Set(chosen.map(\.name))

func swiftSettings(_ weight: Weight) -> [SwiftSetting] {
    var settings: [SwiftSetting] = [
        .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
    ]
    if warningsAreErrors { settings.append(.treatAllWarnings(as: .error)) }
    if buildsLight {
        settings.append(.enableExperimentalFeature("Embedded"))
        // A section for each function, so that the linker can drop what a program does not use, and what several
        // modules have a copy of.
        settings.append(.unsafeFlags(["-wmo", "-Osize", "-gnone", "-Xfrontend", "-function-sections"]))
    }
    return settings
}

func target(_ module: Module) -> Target {
    let path = "Sources/\(module.floor)/\(module.name)"
    var dependencies: [Target.Dependency] = module.uses.filter(chosenNames.contains).map { .target(name: $0) }
    if !buildsLight {
        dependencies += module.packages.map { .product(name: $0, package: packageOf[$0] ?? $0) }
    }
    let linked: [LinkerSetting] = module.libraries.map { .linkedLibrary($0) }
    if module.isC {
        return .target(
            name: module.name, dependencies: dependencies, path: path,
            cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Wno-unused-parameter", "-ffunction-sections"])],
            linkerSettings: linked)
    }
    return .target(
        name: module.name, dependencies: dependencies, path: path,
        // The definitions that Scripts/protobuf makes the messages from.
        exclude: module.name == "ContainerdAPI" ? ["Protos"] : [], swiftSettings: swiftSettings(module.weight),
        linkerSettings: linked)
}

func executable(_ program: (name: String, command: String)) -> Target? {
    guard chosenNames.contains(program.command) else { return nil }
    let dependencies: [Target.Dependency] = [
        .target(name: program.command), .target(name: "Linux"), .target(name: "CLinux"),
    ]
    var flags = ["-static-executable", "-Xlinker", "--gc-sections", "-Xlinker", "-s"]
    if buildsLight {
        // No header that finds unwinding tables, nor the tables; code and constants share pages of the file; no build
        // id.
        flags = ["-enable-experimental-feature", "Embedded", "-use-ld=bfd"] + flags
        for flag in ["--no-eh-frame-hdr", "-z", "noseparate-code", "--build-id=none", "-T", "Scripts/light.ld"] {
            flags += ["-Xlinker", flag]
        }
    } else {
        flags += ["-use-ld=lld", "-Xlinker", "--icf=all"]
    }
    var linker: [LinkerSetting] = [.unsafeFlags(flags, .when(configuration: .release))]
    if buildsLight { linker += [.linkedLibrary("m"), .linkedLibrary("swiftUnicodeDataTables")] }
    return .executableTarget(
        name: program.name, dependencies: dependencies, path: "Sources/Programs/\(program.name)",
        swiftSettings: swiftSettings(buildsLight ? .light : .full), linkerSettings: linker)
}

func tests(of module: Module) -> Target? {
    guard !buildsLight, tested.contains(module.name) else { return nil }
    let dependencies: [Target.Dependency] =
        [.target(name: module.name)] + module.uses.filter(chosenNames.contains).map { .target(name: $0) }
    return .testTarget(
        name: "\(module.name)Tests",
        dependencies: dependencies
            + module.packages.map { .product(name: $0, package: packageOf[$0] ?? $0) },
        path: "Tests/\(module.name)Tests",
        resources: withFixtures.contains(module.name) ? [.copy("Fixtures")] : [],
        swiftSettings: [.enableUpcomingFeature("ExistentialAny")])
}

let executables = programs.compactMap(executable)

let package = Package(
    name: "Slipway",
    products: executables.map { .executable(name: $0.name, targets: [$0.name]) },
    dependencies: buildsLight
        ? []
        : [
            .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
            .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
            .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
            .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        ],
    targets: chosen.map(target) + executables + chosen.compactMap(tests),
    swiftLanguageModes: [.v6]
)
