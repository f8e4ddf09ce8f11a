/*
 * Short messages between threads and processes: every operation by every door, the long form with
 * buffers good and bad, order, timeouts, signals. What becomes of partners that die: ipc_death.c.
 * Everything is done with ipc=direct and with ipc=kernel, on either side, and must be the same.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "test/guest/check.h"
#include "user/lib/cpuid.h"
#include "user/lib/ipc.h"
#include "user/lib/machine.h"
#include "user/lib/postern.h"
#include "user/lib/signals.h"
#include "user/lib/syscall.h"

#define PAGE 4096
#define STOP 0xdead

static const char *const ipc_names[] = {"direct", "kernel"};
static const char *setting; /* the prefix of the names of tests */

static bool same(const uint32_t *got, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    bool equal = got[0] == a && got[1] == b && got[2] == c && got[3] == d;

    if (!equal)
        ktap_note("words %x %x %x %x, want %x %x %x %x", got[0], got[1], got[2], got[3], a, b, c,
                  d);
    return equal;
}

/* Answers each call with its words, a little changed and in another order, until told to stop. */
static int serve(int fd)
{
    uint32_t words[4];
    int result = ipc_receive(fd, words);

    while (result >= 0) {
        uint32_t last = words[0];
        if (last == STOP)
            break;
        uint32_t answer[4] = {words[3] + 1, words[2] + 2, words[1] + 3, words[0] + 4};
        memcpy(words, answer, sizeof(words));
        result = result ? ipc_reply_and_wait(fd, words) : ipc_receive(fd, words);
        if (result < 0 && errno == ESRCH) /* the caller did not wait */
            result = ipc_receive(fd, words);
    }
    if (result == 1)
        ipc_reply(fd, words);
    return result < 0 ? errno : 0;
}

struct server {
    int fd; /* to call it */
    pid_t pid;
};

static struct server server_start(enum postern_ipc ipc, enum postern_door door)
{
    struct server server;
    int fds[2];

    if (endpoint_create(fds, 0))
        ktap_note("endpoint_create: %s", strerror(errno));
    fflush(stdout);
    server.pid = fork();
    if (server.pid == 0) {
        close(fds[1]);
        postern_set(POSTERN_IPC, ipc);
        ipc_door = door;
        _exit(serve(fds[0]));
    }
    close(fds[0]);
    server.fd = fds[1];
    return server;
}

/* How it ended: 0 as it should. */
static int server_stop(struct server server)
{
    uint32_t words[4] = {STOP};
    int status = -1;

    ipc_call(server.fd, words);
    close(server.fd);
    waitpid(server.pid, &status, 0);
    return status;
}

/* --- the short form --------------------------------------------------------------------------- */

/* Every register that a call does not bring back stays, the callee-saved and the flags. */
static void check_round_trips(enum postern_door door, enum postern_door server_door)
{
    struct server server = server_start(postern_get(POSTERN_IPC), server_door);
    int good = 0;

    ipc_door = door;
    for (uint32_t i = 0; i < 100; i++) {
        uint32_t words[4] = {i, 0x80000000 + i, ~i, i * 77};
        good +=
            !ipc_call(server.fd, words) && same(words, i * 77 + 1, ~i + 2, 0x80000003 + i, i + 4);
    }
    ktap_equal(good, 100, "%s: 100 round trips, %s calls %s", setting, door_names[door],
               door_names[server_door]);
    ktap_equal(server_stop(server), 0, "%s: and the server ends well", setting);
    ipc_door = DOOR_INT80;
}

static void check_doors(void)
{
    int doors = postern_get(POSTERN_DOORS);

    for (int door = 0; door < NR_DOORS; door++) {
        for (int other = 0; other < NR_DOORS; other++) {
            if ((doors & 1 << door) && (doors & 1 << other))
                check_round_trips(door, other);
        }
    }
}

static void check_mixed(void)
{
    for (int ipc = 0; ipc < 2; ipc++) {
        struct server server = server_start(ipc, DOOR_INT80);
        uint32_t words[4] = {1, 2, 3, 4};
        ktap_equal(ipc_call(server.fd, words), 0, "%s: a call of a server with ipc=%s", setting,
                   ipc_names[ipc]);
        ktap_ok(same(words, 5, 5, 5, 5), "%s: its answer", setting);
        ktap_equal(server_stop(server), 0, "%s: it ends well", setting);
    }
}

static void check_registers(void)
{
    struct server server = server_start(postern_get(POSTERN_IPC), DOOR_INT80);
    struct ipc_registers r = {NR_ipc_call, server.fd, 1, 2, 3, 4};

    ipc_enter(syscall_stub(DOOR_INT80), &r);
    ktap_ok(r.eax == 0 && r.ebx == (uint32_t)server.fd && same(&r.ecx, 5, 5, 5, 5),
            "%s: registers after a call", setting);
    r = (struct ipc_registers){NR_ipc_call, 77, 1, 2, 3, 4};
    ipc_enter(syscall_stub(DOOR_INT80), &r);
    ktap_ok(r.eax == (uint32_t)-EBADF && r.ebx == 77 && same(&r.ecx, 1, 2, 3, 4),
            "%s: registers after an error", setting);
    server_stop(server);
}

/* A send needs no reply, and goes to a receiver that waits as to one that comes. */
static void check_send(void)
{
    int fds[2];
    uint32_t words[4];

    endpoint_create(fds, 0);
    for (uint32_t i = 0; i < 4; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            if (i & 1)
                sched_yield();
            _exit(ipc_send(fds[1], (uint32_t[]){i, 1, 2, 3}) != 0);
        }
        if (i & 2)
            usleep(20000);
        check_error(ipc_receive(fds[0], words), 0, "a send is received");
        ktap_ok(same(words, i, 1, 2, 3), "%s: what was sent", setting);
        ktap_equal(ipc_reply(fds[0], words) == -1 ? errno : 0, ESRCH, "%s: it wants no reply",
                   setting);
        int status;
        waitpid(pid, &status, 0);
        ktap_equal(status, 0, "%s: the sender", setting);
    }
    close(fds[0]);
    close(fds[1]);
}

/* --- what a switch between threads has to keep ------------------------------------------------ */

/* Whether the gate page serves what it can: it switches the FPU by FXSAVE, or not at all, and not
 * the answers of resident=on. */
static bool is_direct(void)
{
    return postern_get(POSTERN_IPC) == IPC_DIRECT && (cpuid_features() & CPUID_FXSR) &&
           !postern_get(POSTERN_RESIDENT);
}

/* The fewest CR3 writes of many calls, without those of reading the counters: a tick adds its own.
 */
static unsigned cr3_writes(int fd)
{
    unsigned with = ~0u, without = ~0u;

    for (int i = 0; i < 20; i++) {
        struct postern_counters before, middle, after;
        uint32_t words[4] = {0};
        postern_counters(&before);
        postern_counters(&middle);
        ipc_call(fd, words);
        postern_counters(&after);
        unsigned own = middle.cr3_writes - before.cr3_writes;
        unsigned all = after.cr3_writes - middle.cr3_writes;
        without = own < without ? own : without;
        with = all < with ? all : with;
    }
    return with - without;
}

static void check_cr3_writes(enum postern_door door)
{
    bool direct = is_direct();
    bool split = postern_get(POSTERN_ISOLATION) == ISOLATION_SPLIT;
    struct server server = server_start(postern_get(POSTERN_IPC), door);

    ipc_door = door;
    ktap_equal(cr3_writes(server.fd), direct || !split ? 2 : 4,
               "%s: CR3 writes of a round trip, %s", setting, door_names[door]);
    ipc_door = DOOR_INT80;
    if (split)
        ktap_equal(postern_exposed_pages(), 3 + direct, "%s: pages exposed while it serves",
                   setting);
    server_stop(server);
}

/* A door's stub with flags of one's choice, and what they are behind it. */
void (*flags_entry)(void);
uint32_t flags_in, flags_out;
void enter_with_flags(void);
__asm__("\t.text\n"
        "enter_with_flags:\n"
        "\tpushl flags_in\n"
        "\tpopfl\n"
        "\tcall *flags_entry\n"
        "\tpushfl\n"
        "\tpopl flags_out\n"
        "\tpushl $0x202\n"
        "\tpopfl\n"
        "\tret\n");

static bool call_with_flags(enum postern_door door, int fd, uint32_t flags)
{
    struct ipc_registers r = {NR_ipc_call, fd, 1, 2, 3, 4};

    flags_entry = syscall_stub(door);
    flags_in = flags;
    ipc_enter(enter_with_flags, &r);
    return r.eax == 0 && same(&r.ecx, 5, 5, 5, 5) && !((flags_out ^ flags) & (FLAG_NT | FLAG_TF));
}

static volatile unsigned steps;

static void count_step(int signal)
{
    (void)signal;
    steps++;
}

/* NT would make the gate's iret return to a task. A single step that a door took with it comes
 * behind the call, and so as often whichever way the message goes. */
static void check_flags(void)
{
    static unsigned steps_before[NR_DOORS];
    int doors = postern_get(POSTERN_DOORS);

    signal(SIGTRAP, count_step);
    for (int door = 0; door < NR_DOORS; door++) {
        if (!(doors & 1 << door))
            continue;
        struct server server = server_start(postern_get(POSTERN_IPC), door);
        bool good = true;
        for (int i = 0; i < 3; i++) /* until they know each other */
            good &= call_with_flags(door, server.fd, FLAG_IF);
        ktap_ok(good && call_with_flags(door, server.fd, FLAG_IF | FLAG_NT),
                "%s: a call with NT, %s", setting, door_names[door]);
        steps = 0;
        ktap_ok(call_with_flags(door, server.fd, FLAG_IF | FLAG_TF), "%s: a call with TF, %s",
                setting, door_names[door]);
        ktap_ok(steps > 3 && (!steps_before[door] || steps == steps_before[door]),
                "%s: steps of a call, %s", setting, door_names[door]);
        steps_before[door] = steps;
        server_stop(server);
    }
    signal(SIGTRAP, SIG_DFL);
}

/* The x87's control word and a register that is not empty. */
static bool fpu_round(int fd, uint16_t control, double value)
{
    uint32_t words[4] = {0};
    uint16_t seen = 0;
    double left = 0;

    __asm__ volatile("fninit; fldcw %0; fldl %1" : : "m"(control), "m"(value));
    int result = ipc_call(fd, words);
    __asm__ volatile("fnstcw %0; fstpl %1; fninit" : "=m"(seen), "=m"(left));
    return result == 0 && seen == control && left == value;
}

/* A server that leaves the FPU full of its own. */
static int serve_fpu(int fd)
{
    uint16_t control = 0x0f7f;
    uint32_t words[4];
    int result = ipc_receive(fd, words);

    while (result >= 0) {
        __asm__ volatile("fninit; fldcw %0; fldz; fldz; fldpi" : : "m"(control));
        result = ipc_reply_and_wait(fd, words);
    }
    return 0;
}

static void check_fpu(void)
{
    int fds[2], status, good = 0;

    endpoint_create(fds, 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[1]);
        _exit(serve_fpu(fds[0]));
    }
    close(fds[0]);
    for (int i = 0; i < 20; i++)
        good += fpu_round(fds[1], 0x37f & ~(i & 3), i * 1.5);
    ktap_equal(good, 20, "%s: the FPU's registers across a call", setting);
    close(fds[1]);
    waitpid(pid, &status, 0);
}

/* A server that calls another one for each answer. */
static int relay(int fd, int next)
{
    uint32_t words[4];
    int result = ipc_receive(fd, words);

    while (result >= 0) {
        if (ipc_call(next, words))
            return errno;
        result = ipc_reply_and_wait(fd, words);
    }
    return errno;
}

static void check_chain(void)
{
    struct server last = server_start(postern_get(POSTERN_IPC), DOOR_INT80);
    int fds[2], status, good = 0;

    endpoint_create(fds, 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[1]);
        _exit(relay(fds[0], last.fd));
    }
    close(fds[0]);
    for (uint32_t i = 0; i < 50; i++) {
        uint32_t words[4] = {i, 1, 2, 3};
        good += !ipc_call(fds[1], words) && same(words, 4, 4, 4, i + 4);
        good += getppid() > 0;
    }
    ktap_equal(good, 100, "%s: a server that calls a server", setting);
    close(fds[1]);
    waitpid(pid, &status, 0);
    ktap_equal(WEXITSTATUS(status), EPIPE, "%s: it ends well", setting);
    ktap_equal(server_stop(last), 0, "%s: and so does the other", setting);
}

/* A server in the other isolation mode: never direct, always the same. */
static void check_isolation(const char *program)
{
    int fds[2], status, good = 0;
    char fd[12], *argv[] = {"ipc", fd, NULL};

    endpoint_create(fds, 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[1]);
        snprintf(fd, sizeof(fd), "%d", fds[0]);
        postern_set(POSTERN_ISOLATION_NEXT, !postern_get(POSTERN_ISOLATION));
        execv(program, argv);
        _exit(127);
    }
    close(fds[0]);
    for (uint32_t i = 0; i < 50; i++) {
        uint32_t words[4] = {i, 1, 2, 3};
        good += !ipc_call(fds[1], words) && same(words, 4, 4, 4, i + 4);
    }
    ktap_equal(good, 50, "%s: a server in the other isolation mode", setting);
    close(fds[1]);
    waitpid(pid, &status, 0);
    ktap_equal(WEXITSTATUS(status), EPIPE, "%s: it ends well", setting);
}

/* --- who is first, is served first ------------------------------------------------------------ */

#define CLIENTS 100

/* Until pid does not run any more: its state stands behind its name in stat (proc(5)). */
static void await_sleep(pid_t pid)
{
    char path[32], state;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    do {
        sched_yield();
        state = 0;
        FILE *file = fopen(path, "r");
        if (file) {
            if (fscanf(file, "%*d %*s %c", &state) != 1)
                state = 0;
            fclose(file);
        }
    } while (state == 'R');
}

static void check_fifo(void)
{
    int fds[2], in_order = 0, ended = 0, status;
    uint32_t words[4];

    endpoint_create(fds, 0);
    fflush(stdout);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            uint32_t mine[4] = {i, getpid()};
            _exit(ipc_call(fds[1], mine) || mine[0] != i + 1);
        }
        await_sleep(pid);
    }
    for (uint32_t i = 0; i < CLIENTS; i++) {
        if (ipc_receive(fds[0], words) != 1)
            break;
        in_order += words[0] == i;
        words[0]++;
        ipc_reply(fds[0], words);
    }
    while (wait(&status) > 0)
        ended += status == 0;
    ktap_equal(in_order, CLIENTS, "%s: 100 clients are served in order", setting);
    ktap_equal(ended, CLIENTS, "%s: all are answered", setting);
    close(fds[0]);
    close(fds[1]);
}

/* Four servers share an endpoint; each client's calls are all answered. */
static void check_many_to_many(void)
{
    int fds[2], status, bad = 0;
    pid_t servers[4];

    endpoint_create(fds, 0);
    fflush(stdout);
    for (int i = 0; i < 4; i++) {
        servers[i] = fork();
        if (servers[i] == 0) {
            close(fds[1]);
            _exit(serve(fds[0]) != EPIPE);
        }
    }
    close(fds[0]);
    for (int i = 0; i < 8; i++) {
        if (fork() == 0) {
            for (uint32_t n = 0; n < 200; n++) {
                uint32_t words[4] = {n, i, 0, 0};
                if (ipc_call(fds[1], words) || !same(words, 1, 2, i + 3, n + 4))
                    _exit(1);
            }
            _exit(0);
        }
    }
    close(fds[1]);
    for (int i = 0; i < 12; i++) {
        if (wait(&status) < 0)
            break;
        bad += status != 0;
    }
    ktap_equal(bad, 0, "%s: eight clients, four servers", setting);
}

/* --- the long form ---------------------------------------------------------------------------- */

static char *area; /* 20 pages, the last of which is not there */
#define AREA (19 * PAGE)

static void area_map(void)
{
    area = mmap(NULL, AREA + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(area + AREA, PAGE);
}

static struct postern_message message(void *buffer, uint32_t size, void *room_at, uint32_t room)
{
    return (struct postern_message){
        .buffer = (uint32_t)buffer,
        .size = size,
        .room_at = (uint32_t)room_at,
        .room = room,
        .timeout = -1,
    };
}

/* Answers long calls with the bytes inverted, into and from its own memory, at another offset. */
static int serve_long(int fd)
{
    char *own = mmap(NULL, AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct postern_message m = message(NULL, 0, own + 5, POSTERN_IPC_BUFFER);
    int result = ipc_message(IPC_RECEIVE, fd, &m);

    while (result >= 0 && m.words[0] != STOP) {
        for (uint32_t i = 0; i < m.received; i++)
            own[5 + i] = ~own[5 + i];
        m.words[1] = m.received;
        m.buffer = (uint32_t)own + 5;
        m.size = m.received;
        result = ipc_message(IPC_REPLY_AND_WAIT, fd, &m);
        if (result < 0 && errno == EMSGSIZE) {
            m.size = 0;
            result = ipc_message(IPC_REPLY_AND_WAIT, fd, &m);
        }
    }
    return 0;
}

static void call_long(int fd, uint32_t size, uint32_t offset)
{
    char *from = area + offset, *to = area + PAGE + offset;
    static char want[POSTERN_IPC_BUFFER + 1];

    for (uint32_t i = 0; i < size; i++) {
        from[i] = i * 31 + size;
        want[i] = ~from[i];
    }
    struct postern_message m = message(from, size, to, size);
    long result = outcome(ipc_message(IPC_CALL, fd, &m));
    ktap_ok(result == 0 && m.received == size && m.words[1] == size && !memcmp(to, want, size),
            "%s: a buffer of %u bytes at offset %u there and back", setting, size, offset);
}

static void check_long_errors(int fd)
{
    struct postern_message m = message(area + AREA - 10, 20, area, 20);

    check_error(ipc_message(IPC_CALL, fd, &m), EFAULT, "a buffer that ends in an unmapped page");
    m = message((void *)0xc0100000, 20, area, 20);
    check_error(ipc_message(IPC_CALL, fd, &m), EFAULT, "a buffer in the kernel");
    m = message((void *)0xfffffff0, 64, area, 20);
    check_error(ipc_message(IPC_CALL, fd, &m), EFAULT, "a buffer that wraps");
    m = message(area, 20, area + AREA - 10, 20);
    check_error(ipc_message(IPC_CALL, fd, &m), EFAULT, "no room where the room is said to be");
    m = message(area, 20, (void *)0xffffd000, 20);
    check_error(ipc_message(IPC_CALL, fd, &m), EFAULT, "room in the gate page");
    m = message(area, POSTERN_IPC_BUFFER + 1, area, 20);
    check_error(ipc_message(IPC_CALL, fd, &m), EMSGSIZE, "a buffer that is too long");
    m = message(area, 20, area, 10);
    check_error(ipc_message(IPC_CALL, fd, &m), 0, "a reply that does not fit comes without");
    ktap_equal(m.received, 0, "%s: it has no bytes", setting);
    check_error(ipc_message(IPC_CALL, fd, (void *)0xc0100000), EFAULT, "a message in the kernel");
    check_error(ipc_message(99, fd, &m), EINVAL, "an operation that is none");
    m.reserved = 1;
    check_error(ipc_message(IPC_CALL, fd, &m), EINVAL, "a reserved member");
}

static void check_long(void)
{
    static const uint32_t sizes[] = {0, 1, 4095, 4096, 4097, 65535, 65536};
    int fds[2], status;

    endpoint_create(fds, 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(serve_long(fds[0]));
    close(fds[0]);
    area_map();
    for (unsigned i = 0; i < COUNT(sizes); i++) {
        call_long(fds[1], sizes[i], 0);
        call_long(fds[1], sizes[i], 4093);
    }
    check_long_errors(fds[1]);
    call_long(fds[1], 100, 0);
    uint32_t words[4] = {1};
    check_error(ipc_call(fds[1], words), 0, "a short call of a server with room");
    struct postern_message m = message(NULL, 0, NULL, 0);
    m.words[0] = STOP;
    check_error(ipc_message(IPC_SEND, fds[1], &m), 0, "a long send");
    close(fds[1]);
    waitpid(pid, &status, 0);
    ktap_equal(status, 0, "%s: the long server ends well", setting);
    munmap(area, AREA);
}

/* A receiver without room refuses a buffer and waits on for what it can take. */
static void check_no_room(void)
{
    struct server server = server_start(postern_get(POSTERN_IPC), DOOR_INT80);
    uint32_t words[4] = {0};
    struct postern_message m = message(words, 4, NULL, 0);

    usleep(10000);
    check_error(ipc_message(IPC_CALL, server.fd, &m), EMSGSIZE, "a buffer for who has no room");
    check_error(ipc_call(server.fd, words), 0, "it goes on");
    ktap_equal(server_stop(server), 0, "%s: and ends well", setting);
}

/* --- time and signals ------------------------------------------------------------------------- */

static void check_timeouts(void)
{
    int fds[2];
    uint32_t words[4];
    struct postern_message m = message(NULL, 0, NULL, 0);

    endpoint_create(fds, 0);
    for (m.timeout = 0; m.timeout < 40000000; m.timeout += 20000000) {
        check_error(ipc_message(IPC_RECEIVE, fds[0], &m), ETIMEDOUT, "receive: nobody came");
        check_error(ipc_message(IPC_CALL, fds[1], &m), ETIMEDOUT, "call: nobody came");
        check_error(ipc_message(IPC_SEND, fds[1], &m), ETIMEDOUT, "send: nobody came");
    }
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        m.timeout = 20000000;
        _exit(ipc_message(IPC_CALL, fds[1], &m) == -1 ? errno : 0);
    }
    ktap_equal(ipc_receive(fds[0], words), 1, "%s: a call with a timeout", setting);
    int status;
    waitpid(pid, &status, 0);
    ktap_equal(WEXITSTATUS(status), ETIMEDOUT, "%s: whose reply does not come", setting);
    check_error(ipc_reply(fds[0], words), ESRCH, "and is late");
    m.timeout = 0;
    check_error(ipc_message(IPC_REPLY_AND_WAIT, fds[0], &m), ESRCH, "there is nobody to answer");
    close(fds[0]);
    close(fds[1]);
}

static void caught(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)info, (void)context;
}

/* A child in op on fd, hit by a signal while it waits; what it got. */
static int interrupted(int flags, long number, int fd, void (*meanwhile)(int fd), int other)
{
    int status;
    fflush(stdout);
    pid_t pid = fork();

    if (pid == 0) {
        uint32_t words[4] = {0};
        signal_catch(SIGUSR1, flags, caught);
        if (number == NR_ipc_receive)
            _exit(ipc_receive(fd, words) < 0 ? errno : 0);
        _exit(ipc_call(fd, words) < 0 ? errno : 0);
    }
    usleep(20000);
    if (other >= 0 && meanwhile == NULL) {
        uint32_t words[4];
        ipc_receive(other, words);
    }
    kill(pid, SIGUSR1);
    usleep(20000);
    if (meanwhile)
        meanwhile(other);
    waitpid(pid, &status, 0);
    return WEXITSTATUS(status);
}

static void send_one(int fd)
{
    ipc_send(fd, (uint32_t[4]){1});
}

static void answer_one(int fd)
{
    uint32_t words[4];

    ipc_receive(fd, words);
    ipc_reply(fd, words);
}

/* Signals rain on a client that is in calls all the time; its server has its own. */
static void check_rain(void)
{
    struct server server = server_start(postern_get(POSTERN_IPC), DOOR_INT80);
    int bad = 0, answered = 0, interrupts = 0;

    signal_catch(SIGUSR1, 0, caught);
    pid_t nudger = nudge_start(SIGUSR1);
    for (uint32_t i = 0; i < 20000; i++) {
        uint32_t words[4] = {i, 1, 2, 3};
        if (!ipc_call(server.fd, words)) {
            answered++;
            bad += words[3] != i + 4;
        } else {
            interrupts++;
            bad += errno != EINTR;
        }
    }
    nudge_stop(nudger);
    ktap_equal(bad, 0, "%s: %d calls in a rain of signals", setting, 20000);
    ktap_ok(answered > 1000, "%s: most are answered", setting);
    ktap_equal(server_stop(server), 0, "%s: the server ends well", setting);
}

static void check_signals(void)
{
    int fds[2];
    uint32_t words[4];

    endpoint_create(fds, 0);
    ktap_equal(interrupted(0, NR_ipc_receive, fds[0], NULL, -1), EINTR, "%s: receive, a handler",
               setting);
    ktap_equal(interrupted(SA_RESTART, NR_ipc_receive, fds[0], send_one, fds[1]), 0,
               "%s: receive, SA_RESTART", setting);
    ktap_equal(interrupted(0, NR_ipc_call, fds[1], NULL, -1), EINTR, "%s: call, a handler",
               setting);
    ktap_equal(interrupted(SA_RESTART, NR_ipc_call, fds[1], answer_one, fds[0]), 0,
               "%s: call, SA_RESTART", setting);
    ktap_equal(interrupted(SA_RESTART, NR_ipc_call, fds[1], NULL, fds[0]), EINTR,
               "%s: a call that was received is not made again", setting);
    check_error(ipc_reply(fds[0], words), ESRCH, "and its reply comes too late");
    close(fds[0]);
    close(fds[1]);
}

/* --- capabilities ----------------------------------------------------------------------------- */

static void check_rights(void)
{
    int fds[2], ends[2];
    uint32_t words[4] = {0};

    endpoint_create(fds, 0);
    if (pipe(ends))
        ktap_note("no pipe");
    check_error(ipc_receive(fds[1], words), EBADF, "receive by the sender's end");
    check_error(ipc_call(fds[0], words), EBADF, "call by the receiver's end");
    check_error(ipc_send(fds[0], words), EBADF, "send by the receiver's end");
    check_error(ipc_reply(fds[1], words), EBADF, "reply by the sender's end");
    check_error(ipc_call(ends[0], words), EBADF, "call of a pipe");
    check_error(ipc_call(-1, words), EBADF, "call of -1");
    check_error(ipc_call(1023, words), EBADF, "call of a descriptor that is closed");
    check_error(ipc_reply(fds[0], words), ESRCH, "reply to nobody");
    check_error(ipc_reply_and_wait(fds[0], words), ESRCH, "reply to nobody, and wait");
    check_error(read(fds[0], words, 4), EINVAL, "read");
    check_error(write(fds[1], words, 4), EINVAL, "write");
    check_error(endpoint_create(ends, O_NONBLOCK), EINVAL, "endpoint_create: flags");
    check_error(endpoint_create((int *)0xc0000000, 0), EFAULT, "endpoint_create: in the kernel");
    close(ends[0]);
    close(ends[1]);
    endpoint_create(ends, O_CLOEXEC);
    ktap_equal(fcntl(ends[0], F_GETFD) & fcntl(ends[1], F_GETFD), FD_CLOEXEC, "%s: O_CLOEXEC",
               setting);
    close(ends[0]);
    close(ends[1]);
    close(fds[0]);
    check_error(ipc_call(fds[1], words), EPIPE, "call, nobody can receive");
    check_error(ipc_send(fds[1], words), EPIPE, "send, nobody can receive");
    close(fds[1]);
    endpoint_create(fds, 0);
    close(fds[1]);
    check_error(ipc_receive(fds[0], words), EPIPE, "receive, nobody can send");
    close(fds[0]);
}

static void check_poll(void)
{
    int fds[2];
    uint32_t words[4];
    struct pollfd fd;

    endpoint_create(fds, 0);
    fd = (struct pollfd){.fd = fds[0], .events = POLLIN};
    ktap_equal(poll(&fd, 1, 0), 0, "%s: poll: no message", setting);
    pid_t pid = fork();
    if (pid == 0)
        _exit(ipc_send(fds[1], (uint32_t[4]){0}));
    ktap_ok(poll(&fd, 1, 5000) == 1 && fd.revents == POLLIN, "%s: poll: a message", setting);
    ipc_receive(fds[0], words);
    waitpid(pid, NULL, 0);
    close(fds[1]);
    ktap_ok(poll(&fd, 1, 0) == 1 && fd.revents == POLLHUP, "%s: poll: no more senders", setting);
    close(fds[0]);
}

/* --- threads ---------------------------------------------------------------------------------- */

static void *serve_thread(void *fd)
{
    return (void *)(long)serve((int)(long)fd);
}

static void check_threads(void)
{
    int fds[2], good = 0;
    pthread_t thread;
    void *result;

    endpoint_create(fds, 0);
    pthread_create(&thread, NULL, serve_thread, (void *)(long)fds[0]);
    for (uint32_t i = 0; i < 100; i++) {
        uint32_t words[4] = {i, 1, 2, 3};
        good += !ipc_call(fds[1], words) && same(words, 4, 4, 4, i + 4);
    }
    ktap_equal(good, 100, "%s: a call of a thread in the same space", setting);
    bool split = postern_get(POSTERN_ISOLATION) == ISOLATION_SPLIT;
    ktap_equal(cr3_writes(fds[1]), split && !is_direct() ? 4 : 0, "%s: CR3 writes within a space",
               setting);
    /* a fork while the thread waits: the child has no part in it */
    pid_t pid = fork();
    if (pid == 0) {
        uint32_t words[4] = {1, 2, 3, 4};
        _exit(ipc_call(fds[1], words) || !same(words, 5, 5, 5, 5));
    }
    int status;
    waitpid(pid, &status, 0);
    ktap_equal(status, 0, "%s: a child calls the server that its parent has", setting);
    /* the last descriptor for receiving is closed under the thread */
    close(fds[0]);
    pthread_join(thread, &result);
    ktap_equal((long)result, EBADF, "%s: its descriptor was closed", setting);
    close(fds[1]);
}

int main(int argc, char **argv)
{
    if (argc == 2)
        return serve(atoi(argv[1]));
    ktap_begin();
    if (!on_postern()) {
        ktap_skip("Postern only", "short messages");
        return ktap_end();
    }
    alarm(120);
    check_error(postern_set(POSTERN_IPC, 2), EINVAL, "ipc: a value that is none");
    for (int ipc = 0; ipc < 2; ipc++) {
        setting = ipc_names[ipc];
        postern_set(POSTERN_IPC, ipc);
        check_doors();
        check_mixed();
        check_registers();
        check_send();
        check_cr3_writes(DOOR_INT80);
        if (postern_get(POSTERN_DOORS) & 1 << DOOR_SYSENTER)
            check_cr3_writes(DOOR_SYSENTER);
        check_flags();
        check_fpu();
        check_chain();
        check_isolation(argv[0]);
        check_fifo();
        check_many_to_many();
        check_long();
        check_no_room();
        check_timeouts();
        check_signals();
        check_rain();
        check_rights();
        check_poll();
        check_threads();
    }
    return ktap_end();
}
