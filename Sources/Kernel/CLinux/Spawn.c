#define _GNU_SOURCE
#include "CLinux.h"
#include <sched.h>
#include <sys/syscall.h>

#define MOST_INHERITED 64

// Runs in the child of a threaded process: async-signal-safe calls only. Reports errno on `report` and never returns.
static void become(const struct cl_spawn_request *request, int report, const sigset_t *mask) {
    int kept[MOST_INHERITED];
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int signal = 1; signal < 65; signal++) sigaction(signal, &standard, NULL);
    if (request->parent_death_signal) prctl(PR_SET_PDEATHSIG, request->parent_death_signal, 0, 0, 0);
    if (request->new_session && setsid() < 0) goto failed;
    if (request->new_process_group && setpgid(0, 0) < 0) goto failed;
    if (request->network_namespace >= 0 && setns(request->network_namespace, CLONE_NEWNET) < 0) goto failed;
    if (request->directory && chdir(request->directory) < 0) goto failed;
    // First out of the way of the numbers they are to have, then into their places.
    report = fcntl(report, F_DUPFD_CLOEXEC, MOST_INHERITED);
    if (report < 0) _exit(127);
    for (int i = 0; i < request->descriptor_count; i++) {
        int from = request->descriptors[i];
        if (from < 0) from = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (from < 0 || (kept[i] = fcntl(from, F_DUPFD_CLOEXEC, MOST_INHERITED)) < 0) goto failed;
    }
    for (int i = 0; i < request->descriptor_count; i++)
        if (dup3(kept[i], i, 0) < 0) goto failed;
    syscall(SYS_close_range, request->descriptor_count, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
    sigprocmask(SIG_SETMASK, mask, NULL);
    if (request->environment) environ = (char **)request->environment;
    execvp(request->path, (char *const *)request->arguments);
failed:;
    int error = errno;
    if (write(report, &error, sizeof error) < 0) _exit(126);
    _exit(127);
}

int cl_spawn(const struct cl_spawn_request *request) {
    int report[2], error = 0;
    sigset_t all, old, none;
    if (request->descriptor_count > MOST_INHERITED) { errno = EINVAL; return -1; }
    if (pipe2(report, O_CLOEXEC) < 0) return -1;
    sigfillset(&all);
    sigemptyset(&none);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    int pid = fork();
    if (pid == 0) {
        become(request, report[1], &none);
        _exit(127);
    }
    error = errno;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    close(report[1]);
    if (pid < 0) { close(report[0]); errno = error; return -1; }
    ssize_t told;
    do told = read(report[0], &error, sizeof error); while (told < 0 && errno == EINTR);
    close(report[0]);
    if (told == sizeof error) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
        errno = error;
        return -1;
    }
    return pid;
}
