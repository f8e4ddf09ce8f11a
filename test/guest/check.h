/* What the tests of files and of bad input share: outcomes as the kernel gives them, a scratch
 * directory of the test's own. */
#ifndef TEST_GUEST_CHECK_H
#define TEST_GUEST_CHECK_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/lib/ktap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What the kernel returned to a C library's call: a value or -errno. */
static inline long outcome(long long result)
{
    return result == -1 ? -errno : (long)result;
}

/* The call must fail with error, or with 0 succeed (with any value). */
static inline bool check_error(long long result, int error, const char *name)
{
    long got = outcome(result);

    return ktap_equal(got < 0 && got > -4096 ? -got : 0, error, "%s", name);
}

/* --- the scratch directory ------------------------------------------------------------------- */

static char scratch[64];

/* Makes it the current directory. A test that waits for what never comes ends after a minute. */
static inline void scratch_enter(const char *name)
{
    alarm(60);
    snprintf(scratch, sizeof(scratch), "/tmp/%s-XXXXXX", name);
    umask(022);
    if (!mkdtemp(scratch) || chdir(scratch)) {
        perror(scratch);
        exit(1);
    }
}

static inline int scratch_remove(const char *path, const struct stat *stat, int kind,
                                 struct FTW *walk)
{
    (void)stat, (void)kind, (void)walk;
    return remove(path);
}

/* Removes it with all that is in it. */
static inline void scratch_leave(void)
{
    int left = chdir("/") || nftw(scratch, scratch_remove, 8, FTW_DEPTH | FTW_PHYS);

    ktap_equal(left, 0, "the scratch directory can be removed");
}

/* A file with these contents. */
static inline void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        ktap_note("cannot write %s: %s", path, strerror(errno));
    close(fd);
}

/* True if the file's contents are text, to the last byte. */
static inline bool holds(const char *path, const char *text)
{
    char bytes[256];
    int fd = open(path, O_RDONLY);
    ssize_t length = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

    if (fd >= 0)
        close(fd);
    return length == (ssize_t)strlen(text) && !memcmp(bytes, text, length);
}

#endif
