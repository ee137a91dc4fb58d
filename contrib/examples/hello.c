/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One container from C: made, started, waited for, deleted.
 *
 *   cc -o hello hello.c $(pkg-config --cflags --libs libveloci)
 *   ./hello BUNDLE          # exit status of the container
 */
#include <stdio.h>
#include <sys/wait.h>
#include <veloci.h>

static int fail(struct veloci_error *e)
{
    fprintf(stderr, "hello: %s\n", veloci_error_message(e));
    veloci_error_free(e);
    return 125;
}

int main(int argc, char **argv)
{
    struct veloci_create_options options = VELOCI_CREATE_OPTIONS_INIT;
    struct veloci_state *state;
    struct veloci_error *e;
    struct veloci *v;
    int status = 0;

    options.bundle = argc > 1 ? argv[1] : NULL;
    if (veloci_open(NULL, &v, &e) < 0 || veloci_create(v, "hello", &options, &e) < 0)
        return fail(e);
    if (veloci_state_get(v, "hello", &state, &e) < 0 || veloci_start(v, "hello", &e) < 0) {
        (void)veloci_delete(v, "hello", VELOCI_DELETE_FORCE, NULL);
        return fail(e);
    }
    waitpid(veloci_state_pid(state), &status, 0); /* it is our child */
    veloci_state_free(state);
    if (veloci_delete(v, "hello", 0, &e) < 0)
        return fail(e);
    veloci_close(v);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
