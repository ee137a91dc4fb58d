/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New processes on borrowed memory.
 *
 * clone3 with CLONE_VM and a stack of its own returns twice into registers only: the child has no
 * frame to return to, so a few instructions per architecture call fn and exit. Elsewhere, and where
 * a filter or an old kernel refuses clone3, the C library's clone(2) does the same without
 * CLONE_INTO_CGROUP.
 */
#include "sys/clone.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "sys/compat.h"
#include "sys/disable.h"
#include "sys/fd.h"
#include "sys/sigs.h"

enum { GUARD = 65536, DEFAULT_STACK = 65536 }; /* GUARD: a multiple of every page size */

/* The kernel's signal set: the C library's wrappers keep signals 32 and 33 out of theirs. */
static void set_mask(const uint64_t *mask, uint64_t *old)
{
    (void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, mask, old, sizeof(*mask));
}

void vl_child_unmask(void)
{
    uint64_t none = 0;
    set_mask(&none, NULL);
}

void vl_child_default_signals(void)
{
    vl_sigs_default_all();
}

#if defined(__x86_64__) && !defined(__ILP32__)
#define HAVE_CLONE3_CALL 1
/* The kernel keeps all registers but rax, rcx and r11. */
static long clone3_call(struct vl_clone_args *args, int (*fn)(void *), void *arg)
{
    long ret;
    register int (*r_fn)(void *) __asm__("r8") = fn;
    register void *r_arg __asm__("r9") = arg;
    __asm__ volatile(
        "syscall\n\t"
        "test %%rax, %%rax\n\t"
        "jnz 1f\n\t"
        "xor %%ebp, %%ebp\n\t"
        "mov %[arg], %%rdi\n\t"
        "call *%[fn]\n\t"
        "mov %%eax, %%edi\n\t"
        "mov %[exit], %%eax\n\t"
        "syscall\n\t"
        "hlt\n"
        "1:"
        : "=a"(ret)
        : "a"((long)__NR_clone3), "D"(args),
          "S"(sizeof(*args)), [fn] "r"(r_fn), [arg] "r"(r_arg), [exit] "i"(SYS_exit_group)
        : "rcx", "r11", "memory", "cc");
    return ret;
}
#elif defined(__aarch64__)
#define HAVE_CLONE3_CALL 1
/* The kernel keeps all registers but x0. */
static long clone3_call(struct vl_clone_args *args, int (*fn)(void *), void *arg)
{
    register long x0 __asm__("x0") = (long)args;
    register long x1 __asm__("x1") = (long)sizeof(*args);
    register long x8 __asm__("x8") = __NR_clone3;
    register int (*x9)(void *) __asm__("x9") = fn;
    register void *x10 __asm__("x10") = arg;
    __asm__ volatile("svc #0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, #0\n\t"
                     "mov x30, #0\n\t"
                     "mov x0, %[arg]\n\t"
                     "blr %[fn]\n\t"
                     "mov x8, %[exit]\n\t"
                     "svc #0\n\t"
                     "brk #1\n"
                     "1:"
                     : "+r"(x0)
                     : "r"(x1), "r"(x8), [fn] "r"(x9), [arg] "r"(x10), [exit] "i"(SYS_exit_group)
                     : "memory", "cc");
    return x0;
}
#endif

static void *stack_new(size_t size)
{
    char *p = mmap(NULL, GUARD + size, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    if (mprotect(p + GUARD, size, PROT_READ | PROT_WRITE) < 0) {
        int saved = errno;
        (void)munmap(p, GUARD + size);
        errno = saved;
        return NULL;
    }
    return p;
}

static void stack_free(void *stack, size_t size)
{
    int saved = errno;
    (void)munmap(stack, GUARD + size);
    errno = saved;
}

/* What runs first in the child. */
struct entry {
    int (*fn)(void *);
    void *arg;
    bool reset_signals; /* clone(2) lacks CLONE_CLEAR_SIGHAND */
};

/* Handlers of the parent must not run in the child; what is ignored stays so, as over an exec. */
static void clear_handlers(void)
{
    for (int sig = 1; sig <= 64; sig++) {
        struct sigaction sa;
        if (sigaction(sig, NULL, &sa) == 0 && sa.sa_handler != SIG_IGN &&
            sa.sa_handler != SIG_DFL) {
            memset(&sa, 0, sizeof(sa));
            sa.sa_handler = SIG_DFL;
            (void)sigaction(sig, &sa, NULL);
        }
    }
}

static int run_entry(void *p)
{
    struct entry *e = p;
    if (e->reset_signals)
        clear_handlers();
    return e->fn(e->arg);
}

static pid_t call_clone2(struct entry *e, uint64_t flags, int exit_signal, char *stack, size_t size,
                         int *ret_pidfd)
{
    int pidfd = VL_NOFD;
    e->reset_signals = true;
    flags &= ~(uint64_t)CSIGNAL; /* CLONE_NEWTIME has no place in clone(2) */
    int all = (int)(unsigned)(flags | (unsigned)exit_signal | CLONE_PIDFD);
    int pid = clone(run_entry, stack + size, all, e, &pidfd, NULL, NULL);
    if (pid < 0)
        return -errno;
    *ret_pidfd = pidfd;
    return pid;
}

/* stack and size: the usable part. *ret_in_cgroup is written before each attempt: the child reads
 * it. */
static pid_t start(struct entry *e, const struct vl_clone *c, uint64_t how, char *stack,
                   size_t size, int *ret_pidfd, bool *ret_in_cgroup)
{
#ifdef HAVE_CLONE3_CALL
    if (!vl_sys_disabled("clone3")) {
        int pidfd = VL_NOFD;
        bool into = c->cgroup_fd >= 0 && !vl_sys_disabled("into_cgroup");
        *ret_in_cgroup = into;
        struct vl_clone_args args = {
            .flags =
                c->flags | how | CLONE_PIDFD | CLONE_CLEAR_SIGHAND | (into ? CLONE_INTO_CGROUP : 0),
            .pidfd = (uintptr_t)&pidfd,
            .exit_signal = (uint64_t)(unsigned)c->exit_signal,
            .stack = (uintptr_t)stack,
            .stack_size = size,
            .cgroup = into ? (uint64_t)(unsigned)c->cgroup_fd : 0,
        };
        long r = clone3_call(&args, run_entry, e);
        if (r > 0) {
            *ret_pidfd = pidfd;
            return (pid_t)r;
        }
        /* ENOSYS: filtered, as container engines' profiles do, or old. EPERM: filtered, or a right
         * is missing and clone(2) will say so again. E2BIG: before 5.7, no cgroup. */
        if (r != -ENOSYS && r != -EPERM && r != -E2BIG)
            return (pid_t)r;
    }
#endif
    *ret_in_cgroup = false;
    if (c->flags & CLONE_NEWTIME)
        return -ENOSYS;
    return call_clone2(e, c->flags | how, c->exit_signal, stack, size, ret_pidfd);
}

pid_t vl_clone_vm(int (*fn)(void *), void *arg, const struct vl_clone *c, int *ret_pidfd,
                  bool *ret_in_cgroup)
{
    size_t size = c->stack_size ? (c->stack_size + 4095) & ~(size_t)4095 : DEFAULT_STACK;
    struct entry e = {fn, arg, false};
    uint64_t all = ~UINT64_C(0), old;
    int pidfd = VL_NOFD;
    bool unused;
    char *stack = stack_new(size);
    if (stack == NULL)
        return -errno;
    set_mask(&all, &old);
    pid_t pid = start(&e, c, CLONE_VM | CLONE_VFORK, stack + GUARD, size, &pidfd,
                      ret_in_cgroup ? ret_in_cgroup : &unused);
    set_mask(&old, NULL);
    stack_free(stack, size);
    if (pid < 0)
        return pid;
    *ret_pidfd = pidfd;
    return pid;
}

struct park {
    int keep, hold;
};

/* Touches nothing but its stack and its own descriptor table while the parent goes on. Its signals
 * stay blocked, so read(2) cannot fail and write errno, which belongs to the parent. */
static int park(void *arg)
{
    struct park *p = arg;
    char c;
    (void)close(p->hold);
    (void)!read(p->keep, &c, 1);
    return 0;
}

int vl_parked_start(uint64_t flags, struct vl_parked *ret)
{
    struct vl_clone c = {.flags = flags, .cgroup_fd = VL_NOFD, .exit_signal = SIGCHLD};
    int ends[2], r = vl_pipe(ends);
    if (r < 0)
        return r;
    cleanup_fd int keep = ends[0];
    cleanup_fd int hold = ends[1];
    char *stack = stack_new(DEFAULT_STACK);
    if (stack == NULL)
        return -errno;
    /* entry and park live as long as the child: at the bottom of its stack, which it never reaches
     */
    struct park *p = (struct park *)(void *)(stack + GUARD);
    struct entry *e = (struct entry *)(void *)(p + 1);
    *p = (struct park){keep, hold};
    *e = (struct entry){park, p, false};
    uint64_t all = ~UINT64_C(0), old;
    bool in_cgroup;
    struct vl_child child = {0, VL_NOFD};
    set_mask(&all, &old);
    child.pid = start(e, &c, CLONE_VM, stack + GUARD, DEFAULT_STACK, &child.pidfd, &in_cgroup);
    set_mask(&old, NULL);
    if (child.pid < 0) {
        stack_free(stack, DEFAULT_STACK);
        return child.pid;
    }
    *ret = (struct vl_parked){child, vl_take_fd(&hold), stack};
    return 0;
}

void vl_parked_end(struct vl_parked *p)
{
    if (p->child.pid <= 0)
        return;
    vl_cleanup_fd(&p->hold);
    vl_child_kill(&p->child);
    stack_free(p->stack, DEFAULT_STACK);
    p->stack = NULL;
}
