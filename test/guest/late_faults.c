/*
 * Pointers that turn bad when their call has begun, and vectors that are bad behind their
 * beginning.
 *
 * Rule: what was checked before a sleep is no more than it was; EFAULT from what cannot be written
 * then, though the call has a result. A vector is checked before its first element is moved (where
 * the kernel's half begins for a 32-bit kernel: Linux of 64 bits lets an i386 program try).
 */
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "test/guest/check.h"
#include "user/lib/postern.h"

#define PAGE 4096

static int ends[2];

static char *new_page(void)
{
    return mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* What the other thread does while this one sleeps in its call. */
struct change {
    char *page;
    int protection; /* -1: unmapped */
};

static void *change_and_wake(void *argument)
{
    const struct change *change = argument;

    usleep(20000);
    if (change->protection < 0)
        munmap(change->page, PAGE);
    else
        mprotect(change->page, PAGE, change->protection);
    if (write(ends[1], "x", 1) != 1)
        ktap_note("nobody wakes");
    return NULL;
}

static void check_poll(int protection, const char *name)
{
    struct change change = {new_page(), protection};
    struct pollfd *fds = (struct pollfd *)change.page;
    pthread_t thread;
    char byte;

    fds[0] = (struct pollfd){.fd = ends[0], .events = POLLIN};
    pthread_create(&thread, NULL, change_and_wake, &change);
    check_error(poll(fds, 1, 10000), EFAULT, name);
    pthread_join(thread, NULL);
    ktap_equal(read(ends[0], &byte, 1), 1, "%s: and woken", name);
    munmap(change.page, PAGE);
}

static void check_read(int protection, const char *name)
{
    struct change change = {new_page(), protection};
    pthread_t thread;
    char byte;

    pthread_create(&thread, NULL, change_and_wake, &change);
    check_error(read(ends[0], change.page, 1), EFAULT, name);
    pthread_join(thread, NULL);
    ktap_equal(read(ends[0], &byte, 1), 1, "%s: the byte is still there", name);
    munmap(change.page, PAGE);
}

static void check_vector(void)
{
    char bytes[4] = "abc";
    struct iovec vector[] = {{bytes, sizeof(bytes)}, {(void *)0xc0100000, 4}};
    int fd = open("/dev/zero", O_RDONLY);

    if (!on_postern()) {
        ktap_skip("Postern's kernel begins at c0000000", "a vector whose second element is bad");
        return;
    }
    check_error(readv(fd, vector, 2), EFAULT, "a vector whose second element is bad");
    ktap_ok(!strcmp(bytes, "abc"), "its first one is left alone");
    close(fd);
}

int main(void)
{
    ktap_begin();
    alarm(60);
    if (pipe(ends))
        return 1;
    check_poll(-1, "poll, its array unmapped meanwhile");
    check_poll(PROT_READ, "poll, its array read-only meanwhile");
    check_read(-1, "read, its buffer unmapped meanwhile");
    check_read(PROT_READ, "read, its buffer read-only meanwhile");
    check_vector();
    return ktap_end();
}
