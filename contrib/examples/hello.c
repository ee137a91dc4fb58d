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

static int run(struct veloci *v, const char *bundle, int *status, struct veloci_error **e)
{
    struct veloci_create_options options = VELOCI_CREATE_OPTIONS_INIT;
    struct veloci_state *state;

    options.bundle = bundle;
    if (veloci_create(v, "hello", &options, e) < 0)
        return -1;
    if (veloci_state_get(v, "hello", &state, e) < 0)
        return -1;
    if (veloci_start(v, "hello", e) == 0)
        waitpid(veloci_state_pid(state), status, 0); /* it is our child */
    veloci_state_free(state);
    return veloci_delete(v, "hello", VELOCI_DELETE_FORCE, *e == NULL ? e : NULL);
}

int main(int argc, char **argv)
{
    struct veloci_error *e = NULL;
    struct veloci *v = NULL;
    int status = 0;

    if (veloci_open(NULL, &v, &e) == 0)
        run(v, argc > 1 ? argv[1] : NULL, &status, &e);
    if (e != NULL)
        fprintf(stderr, "hello: %s\n", veloci_error_message(e));
    veloci_close(v);
    if (e == NULL)
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    veloci_error_free(e);
    return 125;
}
