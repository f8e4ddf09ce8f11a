/*
 * pipe(2), pipe(7): order, blocking, end of file, broken pipes, atomic writes.
 *
 * A broken kernel loses or reorders bytes, misses a wake-up, or leaves a reader asleep when the
 * last writer is gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/spawn.h"

#define ROUNDS 1000
#define BULK   (300 * 1024)

static int ends[2];

static int write_bulk(void *unused)
{
    static unsigned char bytes[BULK];
    size_t done = 0;

    (void)unused;
    close(ends[0]);
    for (size_t i = 0; i < BULK; i++)
        bytes[i] = i * 31 >> 3;
    while (done < BULK) {
        ssize_t part = write(ends[1], bytes + done, BULK - done);
        if (part <= 0)
            return 1;
        done += part;
    }
    return 0;
}

static void check_bulk(void)
{
    unsigned char bytes[777];
    size_t total = 0, wrong = 0;
    ssize_t part;
    int status;

    if (pipe(ends))
        return;
    pid_t pid = fork();
    if (pid == 0)
        _exit(write_bulk(NULL));
    close(ends[1]);
    while ((part = read(ends[0], bytes, sizeof(bytes))) > 0) {
        for (ssize_t i = 0; i < part; i++, total++)
            wrong += bytes[i] != (unsigned char)(total * 31 >> 3);
    }
    waitpid(pid, &status, 0);
    ktap_ok(part == 0 && total == BULK && status == 0, "300 KiB through a pipe, then end of file");
    ktap_equal(wrong, 0, "in order");
    close(ends[0]);
}

static void check_ping_pong(void)
{
    int there[2], back[2], sum = 0, status;
    unsigned char byte;

    if (pipe(there) || pipe(back))
        return;
    pid_t pid = fork();
    if (pid == 0) {
        close(there[1]);
        while (read(there[0], &byte, 1) == 1) {
            byte++;
            write(back[1], &byte, 1);
        }
        _exit(7);
    }
    close(there[0]);
    for (int i = 0; i < ROUNDS; i++) {
        byte = i;
        write(there[1], &byte, 1);
        if (read(back[0], &byte, 1) == 1)
            sum += byte == (unsigned char)(i + 1);
    }
    close(there[1]);
    waitpid(pid, &status, 0);
    ktap_equal(sum, ROUNDS, "1000 round trips between two processes");
    ktap_equal(status, 7 << 8, "the other side sees the end of file");
    close(back[0]);
    close(back[1]);
}

#define WRITERS  3
#define MESSAGES 40

static int write_messages(void *letter)
{
    char message[PIPE_BUF];

    memset(message, (intptr_t)letter, sizeof(message));
    for (int i = 0; i < MESSAGES; i++) {
        if (write(ends[1], message, sizeof(message)) != sizeof(message))
            return 1;
    }
    return 0;
}

/* Several writers, more than the pipe holds: each message stays in one piece. */
static void check_atomic(void)
{
    char message[PIPE_BUF];
    int torn = 0, whole = 0, good = 0, status;

    if (pipe(ends))
        return;
    for (intptr_t writer = 0; writer < WRITERS; writer++) {
        if (fork() == 0)
            _exit(write_messages((void *)('a' + writer)));
    }
    close(ends[1]);
    for (ssize_t part = 1; part > 0; whole++) {
        ssize_t length = 0;
        while (length < PIPE_BUF && (part = read(ends[0], message + length, PIPE_BUF - length)) > 0)
            length += part;
        for (ssize_t i = 1; i < length; i++)
            torn += message[i] != message[0];
        if (!length)
            break;
    }
    close(ends[0]);
    while (wait(&status) > 0)
        good += status == 0;
    ktap_equal(whole, WRITERS * MESSAGES, "every message of several writers arrives");
    ktap_equal(torn, 0, "in one piece");
    ktap_equal(good, WRITERS, "and no writer fails");
}

static int write_to_nobody(void *unused)
{
    (void)unused;
    if (pipe(ends))
        return 1;
    close(ends[0]);
    write(ends[1], "x", 1);
    return 0;
}

static void check_ends(void)
{
    char bytes[70000];
    int status = spawn_body(write_to_nobody, NULL);

    ktap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE, "a write to nobody: SIGPIPE");

    if (pipe(ends))
        return;
    ktap_ok(read(ends[1], bytes, 1) == -1 && errno == EBADF, "read from the writing end");
    ktap_ok(write(ends[0], bytes, 1) == -1 && errno == EBADF, "write to the reading end");
    close(ends[1]);
    ktap_equal(read(ends[0], bytes, 1), 0, "no writer: end of file");
    close(ends[0]);

    if (pipe2(ends, O_NONBLOCK))
        return;
    ktap_ok(read(ends[0], bytes, 1) == -1 && errno == EAGAIN, "O_NONBLOCK: an empty pipe");
    ktap_equal(write(ends[1], bytes, 65536 - 100), 65536 - 100, "O_NONBLOCK: room for 100 more");
    ktap_ok(write(ends[1], bytes, 200) == -1 && errno == EAGAIN, "O_NONBLOCK: not for half of 200");
    ktap_equal(write(ends[1], bytes, 100), 100, "O_NONBLOCK: it holds 64 KiB");
    ktap_ok(write(ends[1], bytes, 1) == -1 && errno == EAGAIN, "O_NONBLOCK: a full pipe");
    ktap_equal(read(ends[0], bytes, 100), 100, "O_NONBLOCK: read a part");
    close(ends[0]);
    close(ends[1]);
    ktap_ok(pipe2(ends, 0x7fffffff) == -1 && errno == EINVAL, "pipe2 with bad flags");
}

int main(void)
{
    ktap_begin();
    check_bulk();
    check_ping_pong();
    check_atomic();
    check_ends();
    return ktap_end();
}
