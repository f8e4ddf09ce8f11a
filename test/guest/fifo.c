/*
 * Named pipes: fifo(7).
 *
 * Rule: the manual page; open blocks until there is another end, but with O_NONBLOCK a reader's
 * does not and a writer's is ENXIO. A broken kernel lets one side run ahead or never wakes it, or
 * mixes up the pipe's contents with those of its next users.
 */
#include <signal.h>
#include <sys/wait.h>

#include "test/guest/check.h"

static int status_of(pid_t pid)
{
    int status;

    return waitpid(pid, &status, 0) == pid ? status : -1;
}

static void check_meeting(void)
{
    char text[8] = "";
    pid_t pid = fork();

    if (pid == 0) {
        int fd = open("fifo", O_WRONLY);
        _exit(write(fd, "hello", 5) != 5);
    }
    int fd = open("fifo", O_RDONLY);
    ktap_ok(fd >= 0, "a reader meets its writer");
    ktap_ok(read(fd, text, 8) == 5 && !memcmp(text, "hello", 5), "and hears what it says");
    ktap_equal(status_of(pid), 0, "the writer ends");
    ktap_equal(read(fd, text, 8), 0, "then there is the end of file");
    close(fd);

    pid = fork();
    if (pid == 0) {
        fd = open("fifo", O_RDONLY);
        _exit(read(fd, text, 8) != 3);
    }
    fd = open("fifo", O_WRONLY);
    ktap_equal(write(fd, "abc", 3), 3, "a writer meets its reader");
    ktap_equal(status_of(pid), 0, "who reads it");
    close(fd);
}

static void check_nonblocking(void)
{
    char text[8];

    check_error(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO, "a writer without a reader");
    int reader = open("fifo", O_RDONLY | O_NONBLOCK);
    ktap_ok(reader >= 0, "a reader need not wait");
    ktap_equal(read(reader, text, 8), 0, "without a writer it reads the end of file");
    int writer = open("fifo", O_WRONLY | O_NONBLOCK);
    ktap_ok(writer >= 0, "now a writer finds it");
    check_error(read(reader, text, 8), EAGAIN, "and the reader has to wait");
    ktap_equal(write(writer, "xyz", 3), 3, "write");
    close(writer);
    ktap_equal(read(reader, text, 8), 3, "what was written is there after the writer");
    ktap_equal(read(reader, text, 8), 0, "and then the end");
    close(reader);
    reader = open("fifo", O_RDWR);
    ktap_ok(reader >= 0 && write(reader, "both", 4) == 4 && read(reader, text, 8) == 4,
            "O_RDWR is both ends");
    write(reader, "left", 4);
    close(reader);
    reader = open("fifo", O_RDONLY | O_NONBLOCK);
    ktap_equal(read(reader, text, 8), 0, "what nobody read is gone with the last descriptor");
    close(reader);
}

static void check_broken(void)
{
    int reader = open("fifo", O_RDONLY | O_NONBLOCK), writer = open("fifo", O_WRONLY);
    pid_t pid;

    close(reader);
    signal(SIGPIPE, SIG_IGN);
    check_error(write(writer, "x", 1), EPIPE, "a writer whose reader left");
    signal(SIGPIPE, SIG_DFL);
    pid = fork();
    if (pid == 0) {
        write(writer, "x", 1);
        _exit(0);
    }
    int status = status_of(pid);
    ktap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE, "gets SIGPIPE");
    close(writer);
}

static void check_names(void)
{
    struct stat s, t;

    ktap_ok(!stat("fifo", &s) && S_ISFIFO(s.st_mode) && (s.st_mode & 0777) == 0640, "stat");
    int fd = open("fifo", O_RDWR);
    ktap_ok(!fstat(fd, &t) && s.st_ino == t.st_ino && S_ISFIFO(t.st_mode), "fstat of an open one");
    check_error(lseek(fd, 0, SEEK_CUR), ESPIPE, "lseek");
    check_error(ftruncate(fd, 0), EINVAL, "ftruncate");
    ktap_equal(link("fifo", "second"), 0, "a second name");
    int second = open("second", O_RDONLY | O_NONBLOCK);
    char text[4];
    write(fd, "name", 4);
    ktap_equal(read(second, text, 4), 4, "is the same pipe");
    close(second);
    ktap_equal(unlink("fifo") | unlink("second"), 0, "unlink both");
    ktap_ok(write(fd, "ab", 2) == 2 && read(fd, text, 4) == 2, "it goes on without a name");
    close(fd);
}

int main(void)
{
    ktap_begin();
    scratch_enter("fifo");
    ktap_equal(mkfifo("fifo", 0640), 0, "mkfifo");
    check_error(mkfifo("fifo", 0640), EEXIST, "mkfifo again");
    check_meeting();
    check_nonblocking();
    check_broken();
    check_names();
    scratch_leave();
    return ktap_end();
}
