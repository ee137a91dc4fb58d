/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RESOLVE: args[0] is looked up in the finished root with the user's own rights, before the container counts as created:
 * what is missing, not executable or a directory fails `create`, where engines expect it. execve(2) has the
 * last word later; what only it can know is not guessed here.
 */
#include "stage/stage.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define X_OK 1

/* -- interpreter ------------------------------------------------------------------------------------- */

struct elf_head { /* elf(5), 64-bit */
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
struct elf_phdr {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
#define PT_INTERP 3

static int exists(const char *path)
{
    struct statx stx;
    return sys_statx(AT_FDCWD, path, 0, &stx) != -ENOENT;
}

/* "#!interpreter [argument]" within the first 256 bytes (execve(2)). */
static int script_ok(const char *head, size_t n)
{
    char interp[256];
    size_t i = 2, len = 0;

    while (i < n && (head[i] == ' ' || head[i] == '\t'))
        i++;
    while (i < n && head[i] != ' ' && head[i] != '\t' && head[i] != '\n' && head[i] != '\0')
        interp[len++] = head[i++];
    if (len == 0 || i >= n) /* none, or cut off: the kernel judges */
        return 1;
    interp[len] = '\0';
    return exists(interp);
}

static int elf_ok(int fd, const struct elf_head *h)
{
    struct elf_phdr ph;
    char interp[256];

    /* another machine's program runs through binfmt_misc, with a loader that is not the container's business */
    if (h->ident[4] != 2 || h->machine != ST_ELF_MACHINE || h->phentsize != sizeof(ph))
        return 1;
    for (unsigned i = 0; i < h->phnum && i < 64; i++) {
        if (sys_pread(fd, &ph, sizeof(ph), h->phoff + i * sizeof(ph)) != (long)sizeof(ph))
            return 1;
        if (ph.type != PT_INTERP)
            continue;
        if (ph.filesz < 2 || ph.filesz > sizeof(interp) ||
            sys_pread(fd, interp, (size_t)ph.filesz, ph.offset) != (long)ph.filesz || interp[ph.filesz - 1] != '\0')
            return 1;
        return exists(interp);
    }
    return 1;
}

/* 0 only when the interpreter is known to be missing. A file that may be executed but not read is not looked at. */
static int interpreter_ok(const char *path)
{
    union {
        struct elf_head elf;
        char text[256];
    } head;
    int ok = 1;
    int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);

    if (fd < 0)
        return 1;
    long n = sys_pread(fd, &head, sizeof(head), 0);
    if (n > 2 && head.text[0] == '#' && head.text[1] == '!')
        ok = script_ok(head.text, (size_t)n);
    else if (n >= (long)sizeof(head.elf) && memcmp(head.elf.ident, "\177ELF", 4) == 0)
        ok = elf_ok(fd, &head.elf);
    (void)sys_close(fd);
    return ok;
}

/* -- the file itself --------------------------------------------------------------------------------- */

/* -EISDIR, -EACCES or whatever the path gives; 0 for an executable file. */
static int executable(const char *path)
{
    struct statx stx;
    int r = sys_statx(AT_FDCWD, path, 0, &stx);

    if (r < 0)
        return r;
    if (st_is_type(&stx, S_IFDIR))
        return -EISDIR;
    if (!st_is_type(&stx, S_IFREG))
        return -EACCES;
    return sys_faccessat(AT_FDCWD, path, X_OK);
}

static int found(struct stage *s, const char *path)
{
    if (!interpreter_ok(path))
        return st_fail(s, VL_D_EXEC_INTERP, -ENOENT);
    s->exec_path = path;
    return 0;
}

/* Out of the buffer that will be given back at the gate. */
static int keep(struct stage *s, const char *path)
{
    size_t n = st_len(path) + 1;
    char *to = s->found;

    if (n > sizeof(s->found)) {
        to = sys_mmap(ST_PATH, ST_PROT_READ | ST_PROT_WRITE, ST_MAP_PRIVATE | ST_MAP_ANONYMOUS, -1);
        if (st_map_failed(to))
            return -ENOMEM;
    }
    memcpy(to, path, n);
    return found(s, to);
}

static int by_path(struct stage *s, const char *path)
{
    int r = executable(path);
    switch (r) {
    case 0:
        return found(s, path);
    case -EISDIR:
        return st_fail(s, VL_D_EXEC_DIR, r);
    case -EACCES:
    case -EPERM:
        return st_fail(s, VL_D_EXEC_PERM, r);
    default:
        return st_fail(s, VL_D_EXEC_NOT_FOUND, r);
    }
}

/* As a shell does: the first executable file wins; one that may not be executed is only remembered. */
static int by_name(struct stage *s, const char *name, const char *dirs)
{
    char *candidate = st_scratch.text;
    int denied = 0;

    while (dirs) {
        const char *colon = st_find(dirs, ':');
        size_t n = colon ? (size_t)(colon - dirs) : st_len(dirs), len = 0;
        int fits = n == 0 ? st_append(candidate, ST_PATH, &len, ".", 1) : st_append(candidate, ST_PATH, &len, dirs, n);
        fits = fits && st_append(candidate, ST_PATH, &len, "/", 1) &&
               st_append(candidate, ST_PATH, &len, name, st_len(name));
        int r = fits ? executable(candidate) : -ENAMETOOLONG;
        if (r == 0)
            return keep(s, candidate);
        denied |= r == -EACCES || r == -EPERM;
        dirs = colon ? colon + 1 : NULL;
    }
    s->a = 1;
    return denied ? st_fail(s, VL_D_EXEC_PERM, -EACCES) : st_fail(s, VL_D_EXEC_NOT_FOUND, -ENOENT);
}

int step_resolve(struct stage *s, const struct vl_wire_op *op)
{
    const struct vl_wire_op *exec = &s->v.op[s->v.body->n_op - 1]; /* the check has made sure of it */
    const char *name = st_str(s, exec, 0), *env = st_str(s, exec, 1);
    const char *dirs = env ? st_env(env, exec->s[1].len, "PATH") : NULL;

    (void)op;
    st_home_prepare(s);
    if (name[0] == '\0')
        return st_fail(s, VL_D_EXEC_NOT_FOUND, -ENOENT);
    if (st_find(name, '/'))
        return by_path(s, name);
    return by_name(s, name, dirs ? dirs : DEFAULT_PATH);
}
