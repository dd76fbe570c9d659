import NIOCore
import NIOPosix
import NIOHTTP2
import NIOHPACK
