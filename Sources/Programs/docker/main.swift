import CLinux
import DockerCommand
import Linux

exit(DockerCommand.main(Process.arguments))
