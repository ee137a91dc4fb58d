/* SPDX-License-Identifier: Apache-2.0 */
/* Signals of the calling thread. 0/fd or -errno. */
#ifndef VL_SYS_SIGS_H
#define VL_SYS_SIGS_H

#include <signal.h>

struct signalfd_siginfo;

int vl_sigs_block_all(sigset_t *ret_old); /* ret_old may be NULL */
int vl_sigs_restore(const sigset_t *old);
/* Blocks the set and returns a signalfd for it (close-on-exec, non-blocking). */
int vl_sigs_fd(const sigset_t *set, sigset_t *ret_old);
/* Reads one pending signal: its number, 0 when there is none. */
int vl_sigs_read(int fd, struct signalfd_siginfo *ret);
/* Every disposition to SIG_DFL (1..64). System calls only. */
void vl_sigs_default_all(void);

#endif
