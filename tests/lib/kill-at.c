/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill-at N CMD…: runs CMD and kills its first process by SIGKILL when it is about to make its Nth system call after
 * execve. kill-at 0 CMD… lets it run and prints the number of calls as the last line of standard error. What CMD starts
 * is not traced and goes on. Exits as CMD does, 137 when it was killed.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static int run(long at, pid_t pid)
{
    long calls = 0;
    int status, entering = 1, sig = 0;
    if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status)) /* the SIGTRAP of execve */
        return 125;
    (void)ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD);
    for (;;) {
        if (ptrace(PTRACE_SYSCALL, pid, 0, sig) < 0 && errno != ESRCH)
            return 125;
        while (waitpid(pid, &status, 0) < 0)
            if (errno != EINTR)
                return 125;
        if (WIFEXITED(status) || WIFSIGNALED(status))
            break;
        sig = WSTOPSIG(status);
        if (sig != (SIGTRAP | 0x80)) { /* a signal of its own: goes on to it */
            if (sig == SIGTRAP)
                sig = 0;
            continue;
        }
        sig = 0;
        if (entering && ++calls == at)
            (void)kill(pid, SIGKILL);
        entering = !entering;
    }
    if (at == 0)
        fprintf(stderr, "%ld\n", calls);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: kill-at N CMD...\n");
        return 2;
    }
    pid_t pid = fork();
    if (pid == 0) {
        (void)ptrace(PTRACE_TRACEME, 0, 0, 0);
        execv(argv[2], argv + 2);
        _exit(127);
    }
    return pid < 0 ? 125 : run(strtol(argv[1], NULL, 10), pid);
}
