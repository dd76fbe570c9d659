import CLinux
import DockerInitCommand
import Linux

exit(DockerInitCommand.main(Process.arguments))
