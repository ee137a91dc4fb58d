/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals. pty(7), ioctl_tty(2). 0/fd or -errno. */
#ifndef VL_SYS_TTY_H
#define VL_SYS_TTY_H

#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

/* A new pair from ptmx_path ("/dev/ptmx", or below a devpts of its own), neither becoming our
 * controlling terminal. The slave is opened from the master (TIOCGPTPEER, 4.13), not by path. */
int vl_pty_open(const char *ptmx_path, int *ret_master, int *ret_slave);
/* Number N of the slave /dev/pts/N. */
int vl_pty_number(int master);
int vl_tty_get_size(int fd, uint16_t *ret_rows, uint16_t *ret_cols);
int vl_tty_set_size(int fd, uint16_t rows, uint16_t cols);
int vl_tty_copy_size(int from, int to);
/* Raw mode; the former state goes to *ret_saved for vl_tty_restore. */
int vl_tty_raw(int fd, struct termios *ret_saved);
int vl_tty_restore(int fd, const struct termios *saved);
/* New lines are not turned into CR LF on output (what engines expect of a container's console). */
int vl_tty_no_onlcr(int fd);
int vl_tty_make_controlling(int fd); /* TIOCSCTTY; the caller is a session leader */

#endif
