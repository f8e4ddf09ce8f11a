/*
 * An interrupt, and an NMI, at every single instruction of the gate page: whatever is interrupted
 * ends as if nothing had been. Postern only, booted with sweep=on under icount.
 *
 * Rule: an NMI comes between any two instructions, in either directory, on whatever stack ESP names
 * (SDM 3A 6.7); an interrupt wherever IF is set, which a call gate leaves set (5.8.5), and behind
 * the sti before sysexit once an NMI has ended its shadow (2B STI). A broken gate loses words that
 * it left below ESP, returns on the wrong directory, or copies its own CR3 into the wrong place.
 *
 * A path is a short run of user code that enters the kernel. It is run again and again, struck one
 * instruction later each time, until the strike comes after its end. The host proves from the list
 * that ends this test's output that every instruction was struck.
 */
#define _GNU_SOURCE /* the names of the saved registers */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "user/lib/ipc.h"
#include "user/lib/ktap.h"
#include "user/lib/postern.h"
#include "user/lib/signals.h"
#include "user/lib/syscall.h"

#define FLAG_TF       0x100
#define FLAG_NT       0x4000
#define FLAGS         0xed7 /* CF PF AF ZF SF IF DF OF */
#define KEPT          0xcd5 /* of them and TF, what every path must bring back; IF reads as set */

#define CLOCK         32 /* its vector, which strikes on its own account as well */
#define PAGE          4096
#define MAX_STEPS     20000
#define STRIDE        16
#define STEP_EXPECTED 50 /* a path is longer than that, or the strike came too early */

struct state {
    uint32_t eax, ebx, ecx, edx, esi, edi, ebp, eflags, esp;
};

/* Loads sweep_state, calls sweep_entry, stores what is in the registers then. */
struct state sweep_state;
void (*sweep_entry)(void);
uint32_t sweep_esp;
void sweep_probe(void);
__asm__("\t.text\n"
        "sweep_probe:\n"
        "\tpushal\n"
        "\tmovl %esp, sweep_esp\n"
        "\tmovl sweep_state, %eax\n"
        "\tmovl sweep_state+4, %ebx\n"
        "\tmovl sweep_state+8, %ecx\n"
        "\tmovl sweep_state+12, %edx\n"
        "\tmovl sweep_state+16, %esi\n"
        "\tmovl sweep_state+20, %edi\n"
        "\tmovl sweep_state+24, %ebp\n"
        "\tpushl sweep_state+28\n"
        "\tpopfl\n"
        "\tcall *sweep_entry\n"
        "\tmovl %esp, sweep_state+32\n"
        "\tpushfl\n"
        "\tpopl sweep_state+28\n"
        "\tcld\n"
        "\tmovl %eax, sweep_state\n"
        "\tmovl %ebx, sweep_state+4\n"
        "\tmovl %ecx, sweep_state+8\n"
        "\tmovl %edx, sweep_state+12\n"
        "\tmovl %esi, sweep_state+16\n"
        "\tmovl %edi, sweep_state+20\n"
        "\tmovl %ebp, sweep_state+24\n"
        "\tmovl sweep_esp, %esp\n"
        "\tpopal\n"
        "\tret\n");

/* --- what user mode can do to enter the kernel ----------------------------------------------- */

#define PATH(name, code)        \
    void path_##name(void);     \
    __asm__("\t.text\n"         \
            "path_" #name ":\n" \
            "\t" code "\n\tret\n")

uint32_t path_zero, path_flags_tf = FLAGS | FLAG_TF, path_flags_nt = FLAGS | FLAG_NT;
uint32_t path_bounds[2] = {1, 0}; /* no index lies between them */
uint16_t path_own_ss, path_tls;
uint16_t path_unmasked = 0x33b; /* the x87's division by zero */
void (*path_door)(void);
uint32_t path_seen;

PATH(nothing, "");
PATH(divide, "divl path_zero");
PATH(step, "pushl path_flags_tf; popfl; nop");
PATH(breakpoint, "int3");
PATH(overflow, "into");
PATH(bound, "bound %eax, path_bounds");
PATH(undefined, "ud2");
PATH(fpu, "fnop");
PATH(task_return, "pushl path_flags_nt; popfl; iret");
PATH(privileged, "hlt");
PATH(page, "movl %eax, 0");
PATH(x87, "fldcw path_unmasked; fldz; fld1; fdivp; fwait; fninit");
PATH(step_int80, "pushl path_flags_tf; popfl; int $0x80");
PATH(step_sysenter, "pushl %ecx; pushl %edx; pushl %ebp; movl %esp, %ebp;"
                    "pushl path_flags_tf; popfl; sysenter");
PATH(step_syscall, "pushl %ecx; pushl %edx; pushl %ebp; movl %ecx, %ebp;"
                   "pushl path_flags_tf; popfl; syscall; popl %ebp; popl %edx; popl %ecx");
PATH(step_callgate, "pushl path_flags_tf; popfl; lcall $0x53, $0");
PATH(null_ds, "movw path_tls, %ds; call *%ss:path_door;"
              "movw %ds, %ss:path_seen; pushl %ss; popl %ds");
PATH(null_es, "movw path_tls, %es; call *path_door;"
              "movw %es, path_seen; pushl %ss; popl %es");

enum hook {
    NO_HOOK,
    SET_TS,      /* an NMI by a task gate has set CR0.TS */
    REFUSED,     /* the frame that the handler leaves is refused by iret */
    NULL_SEGMENT /* the call empties the descriptor that ds or es names */
};

struct path {
    const char *name;
    void (*entry)(void);
    int signal; /* that it ends in, 0: none */
    int skip;   /* bytes that the handler skips */
    enum hook hook;
    int door;    /* that it needs, -1: none */
    int waiting; /* interrupt that waits, or comes in the kernel */
};

static const struct path paths[] = {
    {"#DE", path_divide, SIGFPE, 6, NO_HOOK, -1, 0},
    {"#DB", path_step, SIGTRAP, 0, NO_HOOK, -1, 0},
    {"#BP", path_breakpoint, SIGTRAP, 0, NO_HOOK, -1, 0},
    {"#OF", path_overflow, SIGSEGV, 0, NO_HOOK, -1, 0},
    {"#BR", path_bound, SIGSEGV, 6, NO_HOOK, -1, 0},
    {"#UD", path_undefined, SIGILL, 2, NO_HOOK, -1, 0},
    {"#NM", path_fpu, 0, 0, SET_TS, -1, 0},
    {"#TS", path_task_return, SIGSEGV, 1, NO_HOOK, -1, 0},
    {"#GP", path_privileged, SIGSEGV, 1, NO_HOOK, -1, 0},
    {"#PF", path_page, SIGSEGV, 5, NO_HOOK, -1, 0},
    {"#MF", path_x87, SIGFPE, 1, NO_HOOK, -1, 0},
    {"refused iret", path_undefined, SIGILL, 2, REFUSED, -1, 0},
    {"TF, int80", path_step_int80, SIGTRAP, 0, NO_HOOK, DOOR_INT80, 0},
    {"TF, sysenter", path_step_sysenter, SIGTRAP, 0, NO_HOOK, DOOR_SYSENTER, 0},
    {"TF, syscall", path_step_syscall, SIGTRAP, 0, NO_HOOK, DOOR_SYSCALL, 0},
    {"TF, callgate", path_step_callgate, SIGTRAP, 0, NO_HOOK, DOOR_CALLGATE, 0},
    {"null ds, int80", path_null_ds, 0, 0, NULL_SEGMENT, DOOR_INT80, 0},
    {"null es, int80", path_null_es, 0, 0, NULL_SEGMENT, DOOR_INT80, 0},
    {"null ds, sysenter", path_null_ds, 0, 0, NULL_SEGMENT, DOOR_SYSENTER, 0},
    {"null es, sysenter", path_null_es, 0, 0, NULL_SEGMENT, DOOR_SYSENTER, 0},
    {"null ds, syscall", path_null_ds, 0, 0, NULL_SEGMENT, DOOR_SYSCALL, 0},
    {"null es, syscall", path_null_es, 0, 0, NULL_SEGMENT, DOOR_SYSCALL, 0},
    {"an interrupt of the kernel", path_nothing, 0, 0, NO_HOOK, -1, STRIKE_IN_KERNEL | 33},
    {"vector 255", path_nothing, 0, 0, NO_HOOK, -1, 255},
};

/* --- the handler that lets a path go on ------------------------------------------------------ */

static const struct path *path;
static unsigned handled, unexpected;

static void go_on(int signal, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;

    (void)info;
    registers[REG_EFL] &= ~(FLAG_TF | FLAG_NT);
    if (handled && path->hook == REFUSED && signal == SIGSEGV) {
        registers[REG_CS] = 0x23;
        return;
    }
    unexpected += signal != path->signal || handled;
    handled++;
    registers[REG_EIP] += path->skip;
    if (path->hook == REFUSED)
        registers[REG_CS] = 0x2b;
}

static void catch_all(void)
{
    static const int signals[] = {SIGFPE, SIGTRAP, SIGSEGV, SIGILL};

    for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        signal_catch(signals[i], SA_NODEFER, go_on);
}

/* --- one strike ------------------------------------------------------------------------------- */

struct user_desc {
    uint32_t entry, base, limit, flags;
};

#define FLAT_DATA 0x11 /* 32-bit, limit in pages */
#define EMPTY     0x28 /* read-only, not present: clears an entry */

static struct user_desc tls = {-1, 0, 0xfffff, FLAT_DATA}, no_tls = {.flags = EMPTY};

static void make_tls(void)
{
    syscall_raw(NR_set_thread_area, (long)&tls, 0, 0);
    path_tls = tls.entry << 3 | 3;
    no_tls.entry = tls.entry;
}

/* What goes wrong, the first of it in words. */
static char problem[100];
static unsigned problems;

static void check(bool good, const char *what, int after, const struct postern_struck *struck)
{
    if (!good && !problems++)
        snprintf(problem, sizeof(problem), "%s; after %d, at %x:%08x, wrong %x", what, after,
                 struck->cs, struck->eip, struck->wrong);
}

static struct state initial(int number, const void *argument)
{
    return (struct state){number,     (uint32_t)argument, 0x22222222, 0x33333333, 0x44444444,
                          0x55555555, 0x66666666,         FLAGS,      0};
}

static bool same_registers(struct state a, const struct state *b)
{
    return a.ebx == b->ebx && a.ecx == b->ecx && a.edx == b->edx && a.esi == b->esi &&
           a.edi == b->edi && a.ebp == b->ebp && !((a.eflags ^ b->eflags) & KEPT);
}

static bool own_segments(void)
{
    uint16_t ds, es, ss;

    __asm__ volatile("movw %%ds, %0; movw %%es, %1; movw %%ss, %2" : "=m"(ds), "=m"(es), "=m"(ss));
    return ds == path_own_ss && es == path_own_ss && ss == path_own_ss;
}

enum place {
    NOT_STRUCK, /* the path was through before */
    IN_GATE,
    ELSEWHERE,
};

/* Arms through door, runs the path that sweep_state and sweep_entry describe. */
static enum place strike(int door, int vector, int after, int waiting, uint32_t result)
{
    struct postern_counters counters[2];
    struct postern_struck struck = {0};
    struct state before = sweep_state;

    handled = unexpected = 0;
    path_seen = 0xffff;
    postern_counters(&counters[0]);
    int error = syscall_via(door, NR_postern_strike, vector, after, waiting, 0, 0, 0);
    sweep_probe();
    postern_struck(&struck);
    postern_counters(&counters[1]);

    uint32_t entries = 0;
    for (int i = 0; i < NR_DOORS; i++)
        entries += counters[1].entries[i] - counters[0].entries[i];
    entries += counters[1].answered - counters[0].answered;
    /* sigreturn is a call, too, and a message has two sides */
    uint32_t expected = 3 + (before.eax != (uint32_t)-1) + (before.eax == NR_ipc_call) + handled +
                        (path && path->hook == REFUSED);

    check(error == 0, "postern_strike failed", after, &struck);
    check(sweep_state.eax == result, "another result", after, &struck);
    check(same_registers(before, &sweep_state), "a register changed", after, &struck);
    check(sweep_state.esp == sweep_esp, "ESP changed", after, &struck);
    check(own_segments(), "a segment register changed", after, &struck);
    check(struck.wrong == 0, "the kernel's state is wrong", after, &struck);
    check(struck.count <= 1, "struck twice", after, &struck);
    if (waiting == CLOCK)
        struck.waited -= struck.ticks;
    check(struck.waited == (waiting != 0), "the waiting interrupt did not come once", after,
          &struck);
    check(entries == expected, "entries were miscounted", after, &struck);
    check(!unexpected && handled == (path && path->signal), "another signal", after, &struck);
    check(!path || path->hook != NULL_SEGMENT || !path_seen, "the selector is not null", after,
          &struck);
    if (!struck.count)
        return NOT_STRUCK;
    return struck.eip - GATE_TEXT < PAGE_SIZE ? IN_GATE : ELSEWHERE;
}

static void prepare(int number, const void *argument, void (*entry)(void))
{
    if (path && path->hook == NULL_SEGMENT)
        make_tls();
    if (path && path->hook == SET_TS)
        postern_strike(STRIKE_NMI, 30, 0);
    sweep_state = initial(number, argument);
    sweep_entry = entry;
}

static int stride = STRIDE;

/*
 * Strikes one instruction after the other until the path is through. Outside the gate page it goes
 * in strides; one that ends in the gate or behind the path's end is taken back and walked.
 */
static void sweep(const char *name, int door, int vector, int waiting, int number,
                  const void *argument, void (*entry)(void), uint32_t result)
{
    int after = 1, last = 0, walk_until = 0;

    problems = 0;
    while (after < MAX_STEPS) {
        prepare(number, argument, entry);
        enum place place = strike(door, vector, after, waiting, result);
        if (place != ELSEWHERE && after > last + 1) {
            walk_until = after;
            after = last + 1;
            continue;
        }
        if (place == NOT_STRUCK)
            break;
        last = after;
        after += place == IN_GATE || after < walk_until ? 1 : stride;
    }
    if (problems)
        ktap_note("%u problems, the first: %s", problems, problem);
    ktap_ok(!problems && after > STEP_EXPECTED && after < MAX_STEPS, "%s, %s, %d instructions",
            name, vector == STRIKE_NMI ? "NMI" : "interrupt", after);
}

/* A null call by each door, armed by the same door, with and without another interrupt waiting. */
static void sweep_door(int door)
{
    static const int vectors[] = {STRIKE_NMI, 47};
    char name[40];

    for (unsigned i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        sweep(door_names[door], door, vectors[i], 0, NR_getppid, NULL, syscall_stub(door),
              getppid());
        snprintf(name, sizeof(name), "%s, one waits", door_names[door]);
        sweep(name, door, vectors[i], 46, NR_getppid, NULL, syscall_stub(door), getppid());
        snprintf(name, sizeof(name), "%s, no such call", door_names[door]);
        sweep(name, door, vectors[i], 0, 999, NULL, syscall_stub(door), -ENOSYS);
    }
}

static void sweep_path(const struct path *p, int doors)
{
    bool call = p->door >= 0;

    if (call && !(doors & 1 << p->door)) {
        ktap_skip("not on this machine", "%s", p->name);
        return;
    }
    path = p;
    path_door = syscall_stub(p->door);
    if (p->hook == NULL_SEGMENT)
        sweep(p->name, DOOR_INT80, STRIKE_NMI, p->waiting, NR_set_thread_area, &no_tls, p->entry,
              0);
    else if (call)
        sweep(p->name, DOOR_INT80, STRIKE_NMI, p->waiting, NR_getppid, NULL, p->entry, getppid());
    else
        sweep(p->name, DOOR_INT80, STRIKE_NMI, p->waiting, -1, NULL, p->entry, -1);
    path = NULL;
}

static void sweep_interrupts(void)
{
    char name[40];

    for (int vector = 32; vector < 48; vector++) {
        snprintf(name, sizeof(name), "vector %d", vector);
        sweep(name, DOOR_INT80, STRIKE_NMI, vector, -1, NULL, path_nothing, -1);
    }
}

/* Messages by one door to a server that serves by it, both ways inside the gate page; and what that
 * does not serve, with a slot. */
static void sweep_messages_by(int door)
{
    static const int vectors[] = {STRIKE_NMI, 47};
    void (*stub)(void) = syscall_stub(door);
    char name[40];
    int fds[2];

    if (endpoint_create(fds, 0))
        return;
    pid_t server = fork();
    if (server == 0) {
        close(fds[1]);
        ipc_echo(stub, fds[0]);
        _exit(0);
    }
    close(fds[0]);
    /* after the first one they know each other */
    sweep_state = initial(NR_ipc_call, (void *)fds[1]);
    sweep_entry = stub;
    sweep_probe();
    for (unsigned i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        snprintf(name, sizeof(name), "%s, message", door_names[door]);
        sweep(name, door, vectors[i], 0, NR_ipc_call, (void *)fds[1], stub, 0);
        snprintf(name, sizeof(name), "%s, no message, with a slot", door_names[door]);
        sweep(name, door, vectors[i], 0, NR_getppid, NULL, stub, getppid());
    }
    snprintf(name, sizeof(name), "%s, message, one waits", door_names[door]);
    sweep(name, door, STRIKE_NMI, 46, NR_ipc_call, (void *)fds[1], stub, 0);
    snprintf(name, sizeof(name), "%s, a message that is refused", door_names[door]);
    sweep(name, door, STRIKE_NMI, 0, NR_ipc_reply, (void *)-1, stub, -EBADF);
    close(fds[1]);
    waitpid(server, NULL, 0);
}

static void sweep_messages(int doors)
{
    sweep("message without a slot", DOOR_INT80, STRIKE_NMI, 0, NR_ipc_reply, (void *)-1,
          syscall_stub(DOOR_INT80), -EBADF);
    for (int door = 0; door < NR_DOORS; door++) {
        if (doors & 1 << door)
            sweep_messages_by(door);
    }
}

/*
 * What copy=bounce has in the gate page: to and from its buffer, zeroes, and a fault among the
 * words, at the first and behind the last. The second and third argument are initial()'s.
 */
static void sweep_copies(void)
{
    char *page = (char *)(0x22222222 & -PAGE);
    const struct {
        const char *name;
        int number;
        const void *argument;
        int32_t result;
    } calls[] = {
        {"bounce, to the user", NR_uname, page + 1, 0},
        {"bounce, a fault at the first word", NR_uname, page - 4, -EFAULT},
        {"bounce, a fault behind the words", NR_uname, page + PAGE - 388, -EFAULT},
        {"bounce, from the user", NR_unlink, page + 1, -ENOENT},
        {"bounce, zeroes up to a fault", NR_read, (void *)(long)open("/dev/zero", O_RDONLY),
         PAGE - 0x222},
    };

    mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    postern_set(POSTERN_COPY, COPY_BOUNCE);
    stride =
        1; /* C comes by the gate page for a few instructions only, which one would step over */
    for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        sweep(calls[i].name, DOOR_INT80, STRIKE_NMI, 0, calls[i].number, calls[i].argument,
              syscall_stub(DOOR_INT80), calls[i].result);
    stride = STRIDE;
    postern_set(POSTERN_COPY, COPY_WALK);
}

/* For the host: where the gate page was struck. */
static void print_struck(void)
{
    char line[64];
    FILE *file = fopen("/proc/postern/sweep", "r");

    while (file && fgets(line, sizeof(line), file))
        printf("# struck %s", line);
    if (file)
        fclose(file);
}

int main(void)
{
    int doors = postern_get(POSTERN_DOORS);

    ktap_begin();
    if (postern_strike(STRIKE_NMI, 0, 0)) {
        ktap_skip("not booted with sweep=on", "sweep");
        return ktap_end();
    }
    __asm__ volatile("movw %%ss, %0" : "=m"(path_own_ss));
    catch_all();
    for (int door = 0; door < NR_DOORS; door++) {
        if (doors & 1 << door)
            sweep_door(door);
        else
            ktap_skip("not on this machine", "%s", door_names[door]);
    }
    for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        sweep_path(&paths[i], doors);
    sweep_interrupts();
    sweep_copies();
    sweep_messages(doors);
    print_struck();
    return ktap_end();
}
