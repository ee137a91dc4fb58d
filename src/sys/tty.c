/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals. */
#include "sys/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "sys/fd.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41) /* 4.13 */
#endif

static int result(int r)
{
    return r < 0 ? -errno : 0;
}

int vl_pty_open(const char *ptmx_path, int *ret_master, int *ret_slave)
{
    int unlock = 0;
    cleanup_fd int master = vl_open(ptmx_path, O_RDWR | O_NOCTTY);
    if (master < 0)
        return master;
    if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
        return -errno;
    int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0)
        return -errno;
    *ret_master = vl_take_fd(&master);
    *ret_slave = slave;
    return 0;
}

int vl_pty_number(int master)
{
    unsigned n;
    return ioctl(master, TIOCGPTN, &n) < 0 ? -errno : (int)n;
}

int vl_tty_get_size(int fd, uint16_t *ret_rows, uint16_t *ret_cols)
{
    struct winsize ws;
    if (ioctl(fd, TIOCGWINSZ, &ws) < 0)
        return -errno;
    *ret_rows = ws.ws_row;
    *ret_cols = ws.ws_col;
    return 0;
}

int vl_tty_set_size(int fd, uint16_t rows, uint16_t cols)
{
    struct winsize ws = {.ws_row = rows, .ws_col = cols};
    return result(ioctl(fd, TIOCSWINSZ, &ws));
}

int vl_tty_copy_size(int from, int to)
{
    struct winsize ws;
    if (ioctl(from, TIOCGWINSZ, &ws) < 0)
        return -errno;
    return result(ioctl(to, TIOCSWINSZ, &ws));
}

int vl_tty_raw(int fd, struct termios *ret_saved)
{
    struct termios t;
    if (tcgetattr(fd, &t) < 0)
        return -errno;
    *ret_saved = t;
    cfmakeraw(&t);
    return result(tcsetattr(fd, TCSANOW, &t));
}

int vl_tty_restore(int fd, const struct termios *saved)
{
    return result(tcsetattr(fd, TCSANOW, saved));
}

int vl_tty_no_onlcr(int fd)
{
    struct termios t;
    if (tcgetattr(fd, &t) < 0)
        return -errno;
    t.c_oflag &= ~(tcflag_t)ONLCR;
    return result(tcsetattr(fd, TCSANOW, &t));
}

int vl_tty_make_controlling(int fd)
{
    return result(ioctl(fd, TIOCSCTTY, 0));
}
