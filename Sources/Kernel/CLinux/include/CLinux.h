// The C boundary: calls the C library lacks or makes variadic, constants that its headers hide behind _GNU_SOURCE, and
// everything that runs between fork and exec in a threaded process. A function takes plain values and returns the
// kernel's answer: -1 with errno set on failure, unless its comment says otherwise.
//
// No _GNU_SOURCE here: Swift sees these headers beside its own view of the C library, and both must agree.
#ifndef CLINUX_H
#define CLINUX_H

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <regex.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

// Program arguments, kept by a constructor before main: light programs have no CommandLine.
int cl_argc(void);
const char *const *cl_argv(void);
char **cl_environ(void);

// errno, read right after the call it is about.
int cl_errno(void);
void cl_set_errno(int number);
const char *cl_strerror(int number);

// Variadic in the C library.
int cl_open(const char *path, int flags, unsigned mode);
int cl_openat(int directory, const char *path, int flags, unsigned mode);
int cl_fcntl(int descriptor, int command, long argument);
int cl_ioctl(int descriptor, unsigned long request, long argument);
int cl_ioctl_pointer(int descriptor, unsigned long request, void *argument);
int cl_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d);

// Not in the C library, or only with _GNU_SOURCE.
int cl_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
int cl_pidfd_open(int pid);
int cl_pidfd_send_signal(int pidfd, int signal);
int cl_pidfd_getfd(int pidfd, int descriptor);
int cl_close_range(unsigned first, unsigned last, unsigned flags);
int cl_memfd_create(const char *name, unsigned flags);
int cl_pivot_root(const char *new_root, const char *put_old);
int cl_setns(int descriptor, int kind);
int cl_unshare(int flags);
int cl_pipe2(int descriptors[2], int flags);
int cl_accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);
int cl_dup3(int from, int to, int flags);
int cl_syncfs(int descriptor);
int cl_capset(uint64_t effective, uint64_t permitted, uint64_t inheritable);
int cl_capget(uint64_t *effective, uint64_t *permitted, uint64_t *inheritable);
int cl_setresuid(unsigned real, unsigned effective, unsigned saved);
int cl_setresgid(unsigned real, unsigned effective, unsigned saved);
int cl_setgroups(size_t count, const unsigned *groups);
int cl_sethostname(const char *name, size_t length);
int cl_setdomainname(const char *name, size_t length);
int cl_prlimit(int pid, int resource, const uint64_t *soft_hard, uint64_t *old_soft_hard);
int cl_getrandom(void *buffer, size_t length);
int cl_mknodat(int directory, const char *path, unsigned mode, unsigned major, unsigned minor);
unsigned cl_major(uint64_t device);
unsigned cl_minor(uint64_t device);
long cl_splice(int from, int to, size_t length, unsigned flags);
long cl_sendfile(int to, int from, size_t length);
int cl_keyctl_join(const char *name);
int cl_personality(unsigned long persona);
// The new mount calls (Linux 5.2 and 5.12).
int cl_open_tree(int directory, const char *path, unsigned flags);
int cl_move_mount(int from_directory, const char *from, int to_directory, const char *to, unsigned flags);
int cl_mount_setattr(int directory, const char *path, unsigned flags, uint64_t set, uint64_t clear, uint64_t propagation, int userns);

// Attaches a BPF_PROG_TYPE_CGROUP_DEVICE program, given as struct bpf_insn words, to a cgroup of v2 in place of the one
// attached before it. No verifier log.
int cl_attach_device_program(int cgroup, const uint64_t *instructions, size_t count);

// seccomp(SECCOMP_SET_MODE_FILTER); `filter` is an array of struct sock_filter. Returns the listener's descriptor where
// the flags ask for one.
int cl_seccomp_filter(unsigned flags, const void *filter, unsigned count);

// The magic number of the file system a descriptor is on, and its mount's ST_* flags; -1 on failure.
long cl_file_system_type(int descriptor);
long cl_mount_flags(int descriptor);

// A new file system of a type that needs no source, as a mount outside the tree (fsopen, fsmount): its descriptor.
int cl_new_mount(const char *type, unsigned attributes);

// execveat(2) of an open file.
int cl_execute(int descriptor, const char *const *arguments, const char *const *environment);

// clone3 with no new stack: returns as fork does. `flags` are CLONE_*. Only in a process of one thread.
int cl_clone(uint64_t flags, int exit_signal);
int cl_fork(void);

// Descriptors over a unix socket (SCM_RIGHTS). Return the bytes moved.
long cl_send_descriptors(int socket, const void *bytes, size_t length, const int *descriptors, size_t count);
long cl_receive_descriptors(int socket, void *bytes, size_t length, int *descriptors, size_t capacity, size_t *count);

// Peer credentials of a unix socket.
// Datagrams in batches (recvmmsg, sendmmsg), datagram i in buffers + i * stride, without blocking. Return how many.
int cl_receive_datagrams(int socket, void *buffers, size_t stride, int count, unsigned *lengths,
                         struct sockaddr_storage *senders, struct in6_addr *receivers); // both may be NULL
int cl_send_datagrams(int socket, const void *buffers, size_t stride, int count, const unsigned *lengths,
                      const struct sockaddr_storage *receiver, socklen_t receiver_length, // NULL: the connected one
                      const struct in6_addr *source); // NULL or all zero: what the kernel chooses
// Asks for the own address each datagram was sent to. IPv4 addresses are the first four bytes of an in6_addr here.
int cl_report_receivers(int socket, int family);

// A unix socket address from a path; a leading '@' means the abstract namespace. Returns its length, or -1 when too long.
int cl_unix_address(const char *path, struct sockaddr_un *address);

// Everything between fork and exec, for a threaded process: no Swift code runs in the child.
struct cl_spawn_request {
    const char *path;               // absolute, or searched on PATH when it has no slash
    const char *const *arguments;   // NULL-terminated
    const char *const *environment; // NULL-terminated; NULL: this process's own
    const char *directory;          // NULL: unchanged
    const int *descriptors;         // descriptors[i] becomes i in the child; -1: /dev/null
    int descriptor_count;
    int network_namespace;          // descriptor to setns before exec; -1: none
    int parent_death_signal;        // 0: none
    bool new_session;
    bool new_process_group;
};
// Returns the child's pid, or -1 with errno (of the failed step in the child, too: then no child is left).
int cl_spawn(const struct cl_spawn_request *request);

// Dispositions of one signal: sigaction's handler is a union and a macro, which Swift cannot see.
void cl_ignore_signal(int signal);
void cl_default_signal(int signal);

// execvp of a NULL-terminated list, in a process of one thread: returns only on failure.
int cl_execvp(const char *const *arguments);
// execve(2): returns only on failure.
int cl_execve(const char *path, const char *const *arguments, const char *const *environment);

// Status words of wait(2), whose macros Swift cannot see.
bool cl_exited(int status);
int cl_exit_status(int status);
int cl_term_signal(int status);

// Directories, with the stream and the entry opaque: their types differ between views of the C library.
void *cl_opendir(const char *path);
void *cl_fdopendir(int descriptor); // the stream owns the descriptor
const char *cl_readdir(void *directory); // NULL at the end
void cl_closedir(void *directory);

// Memory of a daemon: few malloc arenas from the start; and, when idle, free heap and the clean pages of the program's
// own code and constants given back (they come again from the page cache when touched).
void cl_use_few_arenas(void);
void cl_release_idle_memory(void);

// S_IS* and friends.
unsigned cl_format(unsigned mode); // mode & S_IFMT

// Constants hidden behind _GNU_SOURCE or in kernel headers that clash with the C library's.
enum {
    CL_O_PATH = 010000000, CL_O_TMPFILE = 020200000, CL_O_DIRECT = 040000,
    CL_AT_EMPTY_PATH = 0x1000, CL_AT_RECURSIVE = 0x8000, CL_AT_SYMLINK_NOFOLLOW = 0x100, CL_AT_NO_AUTOMOUNT = 0x800,
    CL_OPEN_TREE_CLONE = 1, CL_OPEN_TREE_CLOEXEC = 02000000, CL_MOVE_MOUNT_F_EMPTY_PATH = 4, CL_MOVE_MOUNT_T_EMPTY_PATH = 0x40,
    CL_RESOLVE_NO_XDEV = 1, CL_RESOLVE_NO_MAGICLINKS = 2, CL_RESOLVE_NO_SYMLINKS = 4, CL_RESOLVE_BENEATH = 8, CL_RESOLVE_IN_ROOT = 16,
    CL_CLONE_NEWTIME = 0x80, CL_CLONE_VM = 0x100, CL_CLONE_FS = 0x200, CL_CLONE_FILES = 0x400, CL_CLONE_PARENT = 0x8000,
    CL_CLONE_NEWNS = 0x20000, CL_CLONE_NEWCGROUP = 0x02000000, CL_CLONE_NEWUTS = 0x04000000,
    CL_CLONE_NEWIPC = 0x08000000, CL_CLONE_NEWUSER = 0x10000000, CL_CLONE_NEWPID = 0x20000000, CL_CLONE_NEWNET = 0x40000000,
    CL_SPLICE_MOVE = 1, CL_SPLICE_NONBLOCK = 2, CL_SPLICE_MORE = 4,
    CL_F_SETPIPE_SZ = 1031, CL_F_GETPIPE_SZ = 1032, CL_F_ADD_SEALS = 1033, CL_F_DUPFD_CLOEXEC = 1030,
    CL_MFD_CLOEXEC = 1, CL_MFD_ALLOW_SEALING = 2,
    CL_MNT_DETACH = 2, CL_UMOUNT_NOFOLLOW = 8,
    CL_RENAME_NOREPLACE = 1, CL_RENAME_EXCHANGE = 2,
    CL_P_PIDFD = 3,
    CL_TCP_NODELAY = 1, CL_TCP_KEEPIDLE = 4, CL_TCP_KEEPINTVL = 5, CL_TCP_QUICKACK = 12, CL_TCP_CONGESTION = 13,
};
#endif
