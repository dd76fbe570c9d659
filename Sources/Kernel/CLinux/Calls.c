#define _GNU_SOURCE
#include "CLinux.h"
#include <dirent.h>
#include <pty.h>
#include <linux/bpf.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

static int kept_argc;
static char **kept_argv;
__attribute__((constructor)) static void keep_arguments(int argc, char **argv, char **env) {
    (void)env;
    kept_argc = argc;
    kept_argv = argv;
}
int cl_argc(void) { return kept_argc; }
const char *const *cl_argv(void) { return (const char *const *)kept_argv; }
char **cl_environ(void) { return environ; }

int cl_errno(void) { return errno; }
void cl_set_errno(int number) { errno = number; }
const char *cl_strerror(int number) { return strerror(number); }

int cl_open(const char *path, int flags, unsigned mode) { return open(path, flags, mode); }
int cl_openat(int directory, const char *path, int flags, unsigned mode) { return openat(directory, path, flags, mode); }
int cl_fcntl(int descriptor, int command, long argument) { return fcntl(descriptor, command, argument); }
int cl_ioctl(int descriptor, unsigned long request, long argument) { return ioctl(descriptor, request, argument); }
int cl_ioctl_pointer(int descriptor, unsigned long request, void *argument) { return ioctl(descriptor, request, argument); }
int cl_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d) { return prctl(option, a, b, c, d); }

int cl_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct { uint64_t flags, mode, resolve; } how = {flags, mode, resolve};
    return (int)syscall(437, directory, path, &how, sizeof how);
}
int cl_pidfd_open(int pid) { return (int)syscall(434, pid, 0); }
int cl_pidfd_send_signal(int pidfd, int signal) { return (int)syscall(424, pidfd, signal, NULL, 0); }
int cl_pidfd_getfd(int pidfd, int descriptor) { return (int)syscall(438, pidfd, descriptor, 0); }
int cl_close_range(unsigned first, unsigned last, unsigned flags) { return (int)syscall(436, first, last, flags); }
int cl_memfd_create(const char *name, unsigned flags) { return memfd_create(name, flags); }
int cl_pivot_root(const char *new_root, const char *put_old) { return (int)syscall(SYS_pivot_root, new_root, put_old); }
int cl_setns(int descriptor, int kind) { return setns(descriptor, kind); }
int cl_unshare(int flags) { return unshare(flags); }
int cl_pipe2(int descriptors[2], int flags) { return pipe2(descriptors, flags); }
int cl_accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags) { return accept4(descriptor, address, length, flags); }
int cl_dup3(int from, int to, int flags) { return dup3(from, to, flags); }
int cl_syncfs(int descriptor) { return syncfs(descriptor); }

struct cap_header { uint32_t version; int pid; };
struct cap_data { uint32_t effective, permitted, inheritable; };
int cl_capset(uint64_t effective, uint64_t permitted, uint64_t inheritable) {
    struct cap_header header = {0x20080522, 0};
    struct cap_data data[2] = {
        {(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
        {(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32)}};
    return (int)syscall(SYS_capset, &header, data);
}
int cl_capget(uint64_t *effective, uint64_t *permitted, uint64_t *inheritable) {
    struct cap_header header = {0x20080522, 0};
    struct cap_data data[2];
    int result = (int)syscall(SYS_capget, &header, data);
    if (result == 0) {
        *effective = data[0].effective | (uint64_t)data[1].effective << 32;
        *permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
        *inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
    }
    return result;
}
int cl_setresuid(unsigned real, unsigned effective, unsigned saved) { return setresuid(real, effective, saved); }
int cl_setresgid(unsigned real, unsigned effective, unsigned saved) { return setresgid(real, effective, saved); }
int cl_setgroups(size_t count, const unsigned *groups) { return setgroups(count, groups); }
int cl_sethostname(const char *name, size_t length) { return sethostname(name, length); }
int cl_setdomainname(const char *name, size_t length) { return setdomainname(name, length); }
int cl_prlimit(int pid, int resource, const uint64_t *soft_hard, uint64_t *old_soft_hard) {
    struct rlimit next, old;
    if (soft_hard) { next.rlim_cur = soft_hard[0]; next.rlim_max = soft_hard[1]; }
    int result = prlimit(pid, resource, soft_hard ? &next : NULL, &old);
    if (result == 0 && old_soft_hard) { old_soft_hard[0] = old.rlim_cur; old_soft_hard[1] = old.rlim_max; }
    return result;
}
int cl_getrandom(void *buffer, size_t length) { return getrandom(buffer, length, 0) == (ssize_t)length ? 0 : -1; }
int cl_mknodat(int directory, const char *path, unsigned mode, unsigned major, unsigned minor) {
    return mknodat(directory, path, mode, makedev(major, minor));
}
unsigned cl_major(uint64_t device) { return major(device); }
unsigned cl_minor(uint64_t device) { return minor(device); }
long cl_splice(int from, int to, size_t length, unsigned flags) { return splice(from, NULL, to, NULL, length, flags); }
long cl_sendfile(int to, int from, size_t length) { return sendfile(to, from, NULL, length); }
int cl_keyctl_join(const char *name) { return (int)syscall(SYS_keyctl, 1, name); }
int cl_personality(unsigned long persona) { return personality(persona); }
int cl_open_tree(int directory, const char *path, unsigned flags) { return (int)syscall(428, directory, path, flags); }
int cl_move_mount(int from_directory, const char *from, int to_directory, const char *to, unsigned flags) {
    return (int)syscall(429, from_directory, from, to_directory, to, flags);
}
int cl_mount_setattr(int directory, const char *path, unsigned flags, uint64_t set, uint64_t clear, uint64_t propagation, int userns) {
    struct { uint64_t set, clear, propagation, userns; } attributes = {set, clear, propagation, (uint64_t)userns};
    return (int)syscall(442, directory, path, flags, &attributes, sizeof attributes);
}

long cl_file_system_type(int descriptor) {
    struct statfs status;
    return fstatfs(descriptor, &status) == 0 ? (long)status.f_type : -1;
}
long cl_mount_flags(int descriptor) {
    struct statfs status;
    return fstatfs(descriptor, &status) == 0 ? (long)status.f_flags : -1;
}
int cl_new_mount(const char *type, unsigned attributes) {
    int context = (int)syscall(430 /* fsopen */, type, 1 /* FSOPEN_CLOEXEC */);
    if (context < 0) return -1;
    int mount = (int)syscall(431 /* fsconfig */, context, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0);
    if (mount == 0) mount = (int)syscall(432 /* fsmount */, context, 1 /* FSMOUNT_CLOEXEC */, attributes);
    int error = errno;
    close(context);
    errno = error;
    return mount;
}
int cl_execute(int descriptor, const char *const *arguments, const char *const *environment) {
    return (int)syscall(SYS_execveat, descriptor, "", arguments, environment, 0x1000 /* AT_EMPTY_PATH */);
}

int cl_clone(uint64_t flags, int exit_signal) {
    struct { uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls; } arguments = {0};
    arguments.flags = flags;
    arguments.exit_signal = (uint64_t)exit_signal;
    return (int)syscall(435, &arguments, sizeof arguments);
}
int cl_fork(void) { return fork(); }

static void set_disposition(int signal, void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler};
    sigaction(signal, &action, NULL);
}
void cl_ignore_signal(int signal) { set_disposition(signal, SIG_IGN); }
void cl_default_signal(int signal) { set_disposition(signal, SIG_DFL); }
int cl_execvp(const char *const *arguments) { return execvp(arguments[0], (char *const *)arguments); }
int cl_execve(const char *path, const char *const *arguments, const char *const *environment) {
    return execve(path, (char *const *)arguments, (char *const *)environment);
}
int cl_attach_device_program(int cgroup, const uint64_t *instructions, size_t count) {
    uint32_t attached[64];
    union bpf_attr query = {0};
    query.query.target_fd = (uint32_t)cgroup;
    query.query.attach_type = BPF_CGROUP_DEVICE;
    query.query.prog_ids = (uint64_t)(uintptr_t)attached;
    query.query.prog_cnt = 64;
    int known = (int)syscall(SYS_bpf, BPF_PROG_QUERY, &query, sizeof query);
    union bpf_attr load = {0};
    load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    load.insns = (uint64_t)(uintptr_t)instructions;
    load.insn_cnt = (uint32_t)count;
    load.license = (uint64_t)(uintptr_t)"Apache";
    int program = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load);
    if (program < 0) return -1;
    union bpf_attr attach = {0};
    attach.target_fd = (uint32_t)cgroup;
    attach.attach_bpf_fd = (uint32_t)program;
    attach.attach_type = BPF_CGROUP_DEVICE;
    attach.attach_flags = BPF_F_ALLOW_MULTI;
    int result = (int)syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof attach), error = errno;
    close(program);
    for (uint32_t i = 0; result == 0 && known == 0 && i < query.query.prog_cnt && i < 64; i++) {
        union bpf_attr by_id = {0};
        by_id.prog_id = attached[i];
        int old = (int)syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &by_id, sizeof by_id);
        if (old < 0) continue;
        union bpf_attr detach = {0};
        detach.target_fd = (uint32_t)cgroup;
        detach.attach_bpf_fd = (uint32_t)old;
        detach.attach_type = BPF_CGROUP_DEVICE;
        syscall(SYS_bpf, BPF_PROG_DETACH, &detach, sizeof detach);
        close(old);
    }
    errno = error;
    return result;
}
int cl_seccomp_filter(unsigned flags, const void *filter, unsigned count) {
    struct sock_fprog program = {(unsigned short)count, (struct sock_filter *)filter};
    return (int)syscall(SYS_seccomp, 1 /* SECCOMP_SET_MODE_FILTER */, flags, &program);
}

bool cl_exited(int status) { return WIFEXITED(status); }
int cl_exit_status(int status) { return WEXITSTATUS(status); }
int cl_term_signal(int status) { return WTERMSIG(status); }
unsigned cl_format(unsigned mode) { return mode & S_IFMT; }

void *cl_opendir(const char *path) { return opendir(path); }
void *cl_fdopendir(int descriptor) { return fdopendir(descriptor); }
const char *cl_readdir(void *directory) {
    struct dirent *entry = readdir(directory);
    return entry ? entry->d_name : NULL;
}
void cl_closedir(void *directory) { closedir(directory); }
