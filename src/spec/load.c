/* SPDX-License-Identifier: Apache-2.0 */
/* From a bundle directory to a struct vl_spec. */
#include "spec/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/mem.h"
#include "spec/check.h"
#include "spec/spec.h"
#include "sys/fd.h"

int vl_doc_slurp(int fd, const char *name, char **buf, size_t *len, struct vl_error **err)
{
    int r = vl_slurp_fd(fd, OCI_SIZE_MAX, buf, len);
    if (r == -EFBIG)
        return vl_err_config(err, NULL, "%s: longer than %u bytes", name, OCI_SIZE_MAX);
    if (r < 0)
        return vl_err_sys(err, r, "read `%s`", name);
    return 0;
}

int vl_doc_slurp_path(const char *path, char **buf, size_t *len, struct vl_error **err)
{
    if (vl_streq(path, "-"))
        return vl_doc_slurp(STDIN_FILENO, "standard input", buf, len, err);
    cleanup_fd int fd = vl_open(path, O_RDONLY | O_NOCTTY);
    if (fd < 0)
        return vl_err_sys(err, fd, "open `%s`", path);
    return vl_doc_slurp(fd, path, buf, len, err);
}

static void add_notes(const struct oci_report *report, struct vl_strv *notes)
{
    for (size_t i = 0; i < report->n_notes; i++)
        vl_strv_addf(notes, "%s: %s", report->notes[i].path, report->notes[i].message);
    if (report->more_notes > 0)
        vl_strv_addf(notes, "and %zu more of this kind", report->more_notes);
}

int vl_doc_errors(struct vl_error **list, const char *name, struct vl_error **err)
{
    if (*list == NULL)
        return 0;
    *err = *list;
    *list = NULL;
    return vl_err_ctx(err, "%s", name);
}

int vl_doc_result(int status, struct oci_report *report, const char *name, struct vl_strv *notes,
                  struct vl_error **err)
{
    struct vl_error *list = NULL;
    add_notes(report, notes);
    for (size_t i = 0; i < report->n_problems; i++) {
        const struct oci_problem *p = &report->problems[i];
        const char *where = p->path[0] != '\0' ? p->path : NULL;
        struct vl_error *e = NULL;
        vl_err_config(&e, where, "%s%s%s (line %u, column %u)", p->path, where ? ": " : "",
                      p->message, p->line, p->column);
        vl_err_collect(&list, &e);
    }
    oci_report_reset(report);
    if (status == -ENOMEM)
        vl_oom();
    return vl_doc_errors(&list, name, err);
}

void vl_spec_free(struct vl_spec *spec)
{
    if (spec == NULL)
        return;
    oci_doc_free(spec->doc);
    free(spec->bundle);
    free(spec->rootfs);
    free(spec->config_path);
    vl_strv_reset(&spec->notes);
    free(spec);
}

/* Absolute form of a directory or file. Lexical, except that `..` behind a symbolic link needs the
 * kernel's view; where that fails opening will tell why. */
static char *absolute(const char *path)
{
    char *full;
    if (path[0] == '/') {
        full = vl_strdup(path);
    } else {
        cleanup_free char *cwd = getcwd(NULL, 0);
        full = vl_path_join(cwd != NULL ? cwd : "/", path);
    }
    char *made = vl_path_has_dotdot(full) ? realpath(full, NULL) : NULL;
    if (made == NULL)
        made = vl_path_clean(full);
    free(full);
    return made;
}

/* Opening never blocks, even on a FIFO that somebody put in the place of the file. */
static int open_config(const char *bundle, const char *name, struct vl_error **err)
{
    struct stat st;
    cleanup_fd int dir = vl_open(bundle, O_RDONLY | O_DIRECTORY);
    if (dir < 0)
        return vl_err_sys(err, dir, "open bundle `%s`", bundle);
    cleanup_fd int fd = vl_open_at(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    if (fd < 0)
        return vl_err_sys(err, fd, "open `%s` in bundle `%s`", name, bundle);
    if (fstat(fd, &st) < 0)
        return vl_err_sys(err, errno, "stat `%s` in bundle `%s`", name, bundle);
    if (!S_ISREG(st.st_mode))
        return vl_err_config(err, NULL, "`%s` in bundle `%s` is not a regular file", name, bundle);
    return vl_take_fd(&fd);
}

int vl_spec_load_buffer(const char *bundle, const char *name, const char *buf, size_t len,
                        struct vl_spec **ret, struct vl_error **err)
{
    cleanup(spec) struct vl_spec *spec = vl_alloc(sizeof(*spec));
    struct oci_report report = OCI_REPORT_INIT;
    spec->bundle = vl_path_clean(bundle);
    spec->config_path = vl_strdup(name);
    int status = oci_config_parse(buf, len, &spec->doc, &spec->config, &report);
    if (vl_doc_result(status, &report, name, &spec->notes, err) < 0)
        return -1;

    const struct oci_config *c = spec->config;
    if (c->root != NULL) {
        cleanup_free char *joined = c->root->path[0] == '/'
                                        ? vl_strdup(c->root->path)
                                        : vl_path_join(spec->bundle, c->root->path);
        spec->rootfs = vl_path_clean(joined);
    }
    struct vl_error *list = NULL;
    if (vl_spec_check(spec, &list) < 0)
        return vl_doc_errors(&list, name, err);
    vl_note_config(c, &spec->notes);
    *ret = spec;
    spec = NULL;
    return 0;
}

int vl_spec_load(const char *bundle, const char *config_file, struct vl_spec **ret,
                 struct vl_error **err)
{
    const char *name = config_file != NULL ? config_file : "config.json";
    cleanup_free char *dir = absolute(bundle);
    cleanup_free char *path = name[0] == '/' ? vl_strdup(name) : vl_path_join(dir, name);
    cleanup_free char *buf = NULL;
    size_t len;
    cleanup_fd int fd = open_config(dir, name, err);
    if (fd < 0 || vl_doc_slurp(fd, path, &buf, &len, err) < 0 ||
        vl_spec_load_buffer(dir, path, buf, len, ret, err) < 0)
        return -1;
    const char *root = (*ret)->config->root->path;
    if (vl_path_has_dotdot(root)) { /* again with the kernel's view of symbolic links */
        cleanup_free char *joined = vl_path_join(root[0] == '/' ? "/" : dir, root);
        free((*ret)->rootfs);
        (*ret)->rootfs = absolute(joined);
    }
    return 0;
}
