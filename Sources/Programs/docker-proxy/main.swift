import CLinux
import DockerProxyCommand
import Linux

exit(DockerProxyCommand.main(Process.arguments))
