/*
 * /proc (proc(5)): what a process's directory says of it, what the system's files say, and how they
 * are read.
 *
 * Rule: a text is the one of the moment when a reading began, at whatever offsets and in whatever
 * pieces it is read; a process that is gone is ENOENT or ESRCH. A broken kernel shows one process's
 * memory for another's, loses rows where a page ends, or follows a link to what is no more.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "test/guest/check.h"
#include "user/lib/postern.h"

#define TEXT_MAX 65536

/* The whole file, terminated; in pieces of some bytes. "" and errno if it cannot be read. */
static const char *text_in_pieces(const char *path, size_t piece)
{
    static char text[TEXT_MAX];
    int fd = open(path, O_RDONLY);
    size_t length = 0;
    ssize_t part;

    text[0] = '\0';
    if (fd < 0)
        return text;
    while (length + piece < sizeof(text) && (part = read(fd, text + length, piece)) > 0)
        length += part;
    text[length] = '\0';
    close(fd);
    return text;
}

static const char *text_of(const char *path)
{
    return text_in_pieces(path, 4000);
}

static const char *text_of_pid(pid_t pid, const char *name)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
    return text_of(path);
}

/* What follows "NAME:" and blanks in text; "" if there is none. */
static const char *value_in(const char *text, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (!strncmp(line, name, length) && line[length] == ':')
            return line + length + 1 + strspn(line + length + 1, " \t");
    }
    return "";
}

static const char *link_of(const char *path)
{
    static char target[512];
    ssize_t length = readlink(path, target, sizeof(target) - 1);

    target[length < 0 ? 0 : length] = '\0';
    return target;
}

static int fields_of(const char *text)
{
    int fields = 0;

    for (const char *p = text; *p; p += strspn(p, " \n")) {
        fields++;
        p += strcspn(p, " \n");
    }
    return fields;
}

/* --- a process -------------------------------------------------------------------------------- */

static void check_links(void)
{
    char path[64], here[256];

    ktap_equal(atoi(link_of("/proc/self")), getpid(), "self is the reader");
    snprintf(path, sizeof(path), "/proc/%d", getpid());
    ktap_ok(!strcmp(link_of("/proc/self/cwd"), getcwd(here, sizeof(here))), "cwd");
    ktap_ok(!strcmp(link_of("/proc/self/root"), "/"), "root");
    int fd = open("/proc/self/exe", O_RDONLY);
    char magic[4] = "";
    ktap_ok(read(fd, magic, 4) == 4 && !memcmp(magic, "\177ELF", 4), "exe opens the program");
    close(fd);
    ktap_ok(!strcmp(strrchr(link_of("/proc/self/exe"), '/'), "/proc"), "and names it");
    ktap_equal(chdir(path), 0, "a process's directory can be worked in");
    ktap_ok(!strcmp(getcwd(here, sizeof(here)), path), "and getcwd finds it");
    ktap_ok(!strcmp(link_of("cwd"), path), "cwd follows");
    ktap_equal(chdir(scratch), 0, "and back");
}

static void check_stat(void)
{
    char name[32] = "", state;
    int pid, ppid, group, session;

    prctl(PR_SET_NAME, "a (b) c");
    const char *text = text_of("/proc/self/stat");
    sscanf(text, "%d (%16[^\n]", &pid, name);
    const char *rest = strrchr(text, ')');
    ktap_equal(pid, getpid(), "stat: pid");
    ktap_ok(!strncmp(name, "a (b) c)", 8), "its name, as it is");
    sscanf(rest + 1, " %c %d %d %d", &state, &ppid, &group, &session);
    ktap_equal(state, 'R', "it runs");
    ktap_equal(ppid, getppid(), "its parent");
    ktap_equal(group, getpgrp(), "its process group");
    ktap_equal(session, getsid(0), "its session");
    ktap_equal(fields_of(rest + 2) + 2, 52, "52 fields");
    ktap_ok(!strcmp(text_of("/proc/self/comm"), "a (b) c\n"), "comm");
    prctl(PR_SET_NAME, "proc");
    ktap_equal(fields_of(text_of("/proc/self/statm")), 7, "statm: seven numbers");
}

static void on_signal(int signal)
{
    (void)signal;
}

static void check_status(void)
{
    sigset_t set;
    char ids[64];

    signal(SIGUSR1, on_signal);
    signal(SIGUSR2, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGHUP);
    const char *text = text_of("/proc/self/status");
    ktap_ok(!strncmp(value_in(text, "Name"), "proc\n", 5), "status: Name");
    ktap_equal(atoi(value_in(text, "Tgid")), getpid(), "Tgid");
    ktap_equal(atoi(value_in(text, "PPid")), getppid(), "PPid");
    ktap_equal(atoi(value_in(text, "Threads")), 1, "Threads");
    ktap_equal(strtol(value_in(text, "Umask"), NULL, 8), 022, "Umask");
    snprintf(ids, sizeof(ids), "%d\t%d\t%d\t%d\n", getuid(), geteuid(), geteuid(), geteuid());
    ktap_ok(!strncmp(value_in(text, "Uid"), ids, strlen(ids)), "Uid");
    ktap_equal(strtoull(value_in(text, "SigBlk"), NULL, 16), 1 << (SIGHUP - 1), "SigBlk");
    ktap_ok((strtoull(value_in(text, "SigPnd"), NULL, 16) |
             strtoull(value_in(text, "ShdPnd"), NULL, 16)) == 1 << (SIGHUP - 1),
            "SigPnd or ShdPnd");
    ktap_ok(strtoull(value_in(text, "SigIgn"), NULL, 16) & 1 << (SIGUSR2 - 1), "SigIgn");
    ktap_ok(strtoull(value_in(text, "SigCgt"), NULL, 16) & 1 << (SIGUSR1 - 1), "SigCgt");
    ktap_ok(strtoul(value_in(text, "VmRSS"), NULL, 10) > 0, "VmRSS");
    signal(SIGHUP, SIG_IGN);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    signal(SIGHUP, SIG_DFL);
}

static void check_strings(char **argv)
{
    const char *text = text_of("/proc/self/cmdline");

    ktap_ok(!strcmp(text, argv[0]), "cmdline begins with argv[0]");
    ktap_ok(!strcmp(text + strlen(text) + 1, "one two") && !text[strlen(text) + 9],
            "arguments end in a null byte each");
    ktap_ok(!strcmp(text_of("/proc/self/environ"), "NAME=value"), "environ");
}

static void check_limits(void)
{
    struct rlimit limit = {12345678, 23456789};

    setrlimit(RLIMIT_CORE, &limit);
    const char *line = strstr(text_of("/proc/self/limits"), "Max core file size");
    ktap_ok(line && strstr(line, "12345678 ") && strstr(line, "23456789 "), "limits");
}

/* --- its memory ------------------------------------------------------------------------------- */

struct row {
    uintptr_t start, end;
    char rights[5], name[64];
};

/* The row of maps that address is in. */
static struct row row_of(const void *address)
{
    struct row row = {0};

    for (const char *p = text_of("/proc/self/maps"); *p; p = strchr(p, '\n') + 1) {
        row.name[0] = '\0';
        sscanf(p, "%x-%x %4s %*s %*s %*s %63[^\n]", &row.start, &row.end, row.rights, row.name);
        if ((uintptr_t)address >= row.start && (uintptr_t)address < row.end)
            return row;
    }
    return (struct row){.rights = "none"};
}

static void check_maps(void)
{
    int local;
    char *pages = mmap(NULL, 4096 * 5, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *shared = mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    ktap_ok(!strcmp(row_of(check_maps).rights, "r-xp"), "maps: the program");
    ktap_ok(strstr(row_of(check_maps).name, "proc"), "and its file");
    ktap_ok(!strcmp(row_of(&local).rights, "rw-p"), "the stack");
    ktap_ok(!strcmp(row_of(&local).name, "[stack]"), "and its name");
    mprotect(pages + 4096, 4096, PROT_NONE);
    munmap(pages + 3 * 4096, 4096);
    ktap_ok(!strcmp(row_of(pages).rights, "rw-p") && row_of(pages).end == (uintptr_t)pages + 4096,
            "memory of its own");
    ktap_ok(!strcmp(row_of(pages + 4096).rights, "---p"), "what nobody may touch");
    ktap_ok(!strcmp(row_of(pages + 3 * 4096).rights, "none"), "a hole");
    ktap_ok(!strcmp(row_of(shared).rights, "r--s"), "shared memory");
    munmap(pages, 4096 * 5);
    munmap(shared, 4096);
}

/* More rows than a page of text holds; whatever the pieces, the same text. */
static void check_long(void)
{
    char *pages = mmap(NULL, 4096 * 400, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    static char whole[TEXT_MAX];
    int rows = 0;

    for (int i = 0; i < 400; i += 2)
        mprotect(pages + i * 4096, 4096, PROT_NONE);
    strcpy(whole, text_of("/proc/self/maps"));
    for (const char *p = whole; (p = strchr(p, '\n')); p++)
        rows++;
    ktap_ok(rows > 400, "a text of several pages: %d rows", rows);
    ktap_ok(!strcmp(text_in_pieces("/proc/self/maps", 4096), whole), "in pieces of a page");
    ktap_ok(!strcmp(text_in_pieces("/proc/self/maps", 33), whole), "in pieces of 33 bytes");
    munmap(pages, 4096 * 400);
}

/* --- reading ---------------------------------------------------------------------------------- */

static void check_reading(void)
{
    char a[16] = "", b[16] = "";
    int fd = open("/proc/self/comm", O_RDONLY);

    prctl(PR_SET_NAME, "before");
    ktap_equal(read(fd, a, 3), 3, "a first piece");
    prctl(PR_SET_NAME, "nonsense");
    ktap_equal(pread(fd, b, 3, 0), 3, "a piece from the start is of a new text");
    ktap_ok(!strcmp(b, "non"), "the one of now");
    ktap_equal(lseek(fd, 0, SEEK_SET), 0, "lseek to the start");
    ktap_equal(read(fd, b, 9), 9, "and all of it");
    ktap_ok(!strcmp(b, "nonsense\n"), "is new");
    ktap_equal(read(fd, b, 9), 0, "the end");
    lseek(fd, 0, SEEK_SET);
    check_error(read(fd, (void *)8, 9), EFAULT, "a bad address");
    struct stat stat;
    ktap_ok(!fstat(fd, &stat) && stat.st_size == 0 && S_ISREG(stat.st_mode), "it has no size");
    close(fd);
    prctl(PR_SET_NAME, "proc");
    check_error(open("/proc/self/nothing", O_RDONLY), ENOENT, "no such file");
    check_error(open("/proc/0", O_RDONLY), ENOENT, "no process 0");
    check_error(open("/proc/01", O_RDONLY), ENOENT, "a number has one form");
    check_error(open("/proc/4294967297", O_RDONLY), ENOENT, "and an end");
    check_error(mkdir("/proc/directory", 0777), ENOENT, "nothing can be made");
    check_error(unlink("/proc/version"), EPERM, "or removed");
    check_error(readlink("/proc/version", a, sizeof(a)), EINVAL, "a file is no link");
}

/* --- descriptors ------------------------------------------------------------------------------ */

static void check_descriptors(void)
{
    int fd = open("/dev/null", O_RDONLY), ends[2];
    char path[64], bytes[8] = "";

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    ktap_ok(!strcmp(link_of(path), "/dev/null"), "a descriptor's link names the file");
    int again = open(path, O_WRONLY);
    ktap_ok(again >= 0 && again != fd && write(again, "x", 1) == 1, "and opens it anew");
    close(again);
    close(fd);
    check_error(open(path, O_RDONLY), ENOENT, "a closed one is gone");
    ktap_equal(pipe(ends), 0, "pipe");
    snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
    ktap_ok(!strncmp(link_of(path), "pipe:[", 6), "a pipe has a number");
    write(ends[1], "bytes", 5);
    close(ends[1]);
    again = open(path, O_RDONLY);
    ktap_ok(read(again, bytes, 8) == 5 && !strcmp(bytes, "bytes"), "it opens, its writer gone");
    close(again);
    close(ends[0]);
    put("file", "text");
    fd = open("file", O_RDONLY);
    unlink("file");
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    again = open(path, O_RDONLY);
    ktap_ok(read(again, bytes, 4) == 4 && !memcmp(bytes, "text", 4), "so does a file without name");
    close(again);
    close(fd);
}

/* Entries of a directory that are numbers; *found: whether number is one of them. */
static int numbers_in(const char *path, int number, bool *found)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    int count = 0;

    *found = false;
    while (directory && (entry = readdir(directory))) {
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
            continue;
        count++;
        *found |= atoi(entry->d_name) == number;
    }
    if (directory)
        closedir(directory);
    return count;
}

static void check_directories(void)
{
    bool found;
    int fd = dup2(1, 77);

    ktap_ok(numbers_in("/proc/self/fd", fd, &found) >= 4 && found, "fd lists the descriptors");
    close(fd);
    numbers_in("/proc/self/fd", fd, &found);
    ktap_ok(!found, "but not those that are closed");
    ktap_equal(numbers_in("/proc/self/task", getpid(), &found), 1, "task has the one thread");
    ktap_ok(found, "by its number");
    numbers_in("/proc", getpid(), &found);
    ktap_ok(found, "/proc lists this process");
    ktap_equal(atoi(text_of_pid(getpid(), "task/1")), 0, "another process's thread is not in it");
}

/* --- children --------------------------------------------------------------------------------- */

static char state_of(pid_t pid)
{
    const char *text = text_of_pid(pid, "stat"), *end = strrchr(text, ')');

    return end ? end[2] : '-';
}

static void check_children(void)
{
    int status;
    char path[64];
    pid_t pid = fork();

    if (!pid) {
        pause();
        _exit(0);
    }
    for (int i = 0; i < 100 && state_of(pid) != 'S'; i++)
        usleep(10000);
    ktap_equal(state_of(pid), 'S', "a child that sleeps");
    kill(pid, SIGSTOP);
    waitpid(pid, &status, WUNTRACED);
    ktap_equal(state_of(pid), 'T', "that is stopped");
    kill(pid, SIGKILL);
    for (int i = 0; i < 100 && state_of(pid) != 'Z'; i++)
        usleep(10000);
    ktap_equal(state_of(pid), 'Z', "that is dead");
    ktap_ok(!*text_of_pid(pid, "cmdline"), "it has no arguments");
    ktap_ok(!*text_of_pid(pid, "maps"), "and no memory");
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY);
    waitpid(pid, &status, 0);
    check_error(open(path, O_RDONLY), ENOENT, "that was waited for");
    check_error(read(fd, path, 8), ESRCH, "though its file is open");
    close(fd);
}

/* --- the system ------------------------------------------------------------------------------- */

static void check_system(void)
{
    struct utsname name;
    char uuid[64], line[160];
    double up, idle;

    uname(&name);
    snprintf(line, sizeof(line), "%s version %s ", name.sysname, name.release);
    ktap_ok(!strncmp(text_of("/proc/version"), line, strlen(line)), "version");
    snprintf(line, sizeof(line), "%s\n", name.nodename);
    ktap_ok(!strcmp(text_of("/proc/sys/kernel/hostname"), line), "hostname");
    ktap_ok(atoi(text_of("/proc/sys/kernel/pid_max")) >= 32768, "pid_max");
    ktap_ok(sscanf(text_of("/proc/uptime"), "%lf %lf", &up, &idle) == 2 && up > 0, "uptime");
    const char *text = text_of("/proc/meminfo");
    ktap_ok(atoi(value_in(text, "MemTotal")) > atoi(value_in(text, "MemFree")), "meminfo");
    ktap_equal(fields_of(text_of("/proc/loadavg")), 5, "loadavg");
    ktap_ok(!strncmp(text_of("/proc/stat"), "cpu  ", 5), "stat");
    ktap_ok(strstr(text_of("/proc/stat"), "\nbtime "), "and the time of the boot");
    ktap_ok(strstr(text_of("/proc/cpuinfo"), "flags\t\t: "), "cpuinfo");
    ktap_ok(strstr(text_of("/proc/mounts"), " /proc proc "), "mounts");
    ktap_ok(strstr(text_of("/proc/filesystems"), "nodev\tproc\n"), "filesystems");
    strcpy(uuid, text_of("/proc/sys/kernel/random/uuid"));
    ktap_ok(strlen(uuid) == 37 && uuid[14] == '4', "random/uuid");
    ktap_ok(strcmp(uuid, text_of("/proc/sys/kernel/random/uuid")), "is another each time");
    strcpy(uuid, text_of("/proc/sys/kernel/random/boot_id"));
    ktap_ok(!strcmp(uuid, text_of("/proc/sys/kernel/random/boot_id")), "boot_id is not");
}

static void check_postern(void)
{
    const char *mode = isolation_names[postern_get(POSTERN_ISOLATION)];
    char line[64];

    snprintf(line, sizeof(line), "%s\n", mode);
    ktap_ok(!strcmp(text_of("/proc/self/isolation"), line), "isolation of a process");
    snprintf(line, sizeof(line), "isolation %s\n", mode);
    ktap_ok(!strncmp(text_of("/proc/postern/isolation"), line, strlen(line)), "of the reader");
    int rows = 0;
    for (const char *p = text_of("/proc/postern/exposure"); (p = strchr(p, '\n')); p++)
        rows++;
    ktap_equal(rows, postern_exposure(NULL, 0), "exposure has the rows of postern_exposure()");
    ktap_ok(!strncmp(text_of("/proc/postern/counters"), "cr3_writes ", 11), "counters");
    ktap_ok(strstr(text_of("/proc/postern/doors"), "int80 present"), "doors");
    ktap_ok(strstr(text_of("/proc/postern/knobs"), "isolation="), "knobs");
}

/* Begins anew with known arguments and a known environment. */
static void restart(char *path)
{
    char *argv[] = {path, "one two", NULL}, *environment[] = {"NAME=value", NULL};

    execve("/proc/self/exe", argv, environment);
    perror("/proc/self/exe");
}

int main(int argc, char **argv)
{
    if (argc < 2)
        restart(argv[0]);
    ktap_begin();
    scratch_enter("proc");
    check_links();
    check_stat();
    check_status();
    check_strings(argv);
    check_limits();
    check_maps();
    check_long();
    check_reading();
    check_descriptors();
    check_directories();
    check_children();
    check_system();
    if (on_postern())
        check_postern();
    scratch_leave();
    return ktap_end();
}
