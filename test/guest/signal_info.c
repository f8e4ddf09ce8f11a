/*
 * What a handler is told: siginfo and ucontext of every fault and of every sender; and that what it
 * writes into the context is where, and with what, the program goes on.
 *
 * Rule: sigaction(2); SDM 3A 6.15 for vectors, error codes and whether EIP is before or behind the
 * instruction. A broken kernel gives a fault's address, code or error code of its own, blames a
 * child for its sibling's end, or restores registers that the handler did not choose.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "trampoline/layout.h"
#include "user/lib/ktap.h"
#include "user/lib/postern.h"
#include "user/lib/signals.h"
#include "user/lib/spawn.h"

#define SECONDS_TO_HANG 60
#define FETCH           0x10 /* of a page fault's error code; only a CPU with NX tells */

/*
 * A function that does before, then the instruction at NAME_at; the handler sends it on to
 * NAME_end. ESP is the same at both.
 */
#define FAULT(name, before, instruction)                                                        \
    void name(void);                                                                            \
    extern char name##_at[], name##_end[];                                                      \
    __asm__("\t.text\n" #name ":\tpushal\n\t" before "\n" #name "_at:\t" instruction "\n" #name \
            "_end:\tpopal\n\tret\n")

FAULT(divide, "xorl %ecx, %ecx; xorl %edx, %edx", "divl %ecx");
FAULT(quotient, "movl $0x80000000, %eax; cltd; movl $-1, %ecx", "idivl %ecx");
FAULT(undefined, "", "ud2");
FAULT(breakpoint, "", "int3");
FAULT(overflow, "movb $0x7f, %al; addb $1, %al", "into");
FAULT(halt, "", "hlt");
FAULT(disable, "", "cli");
FAULT(software, "", "int $0x20");
FAULT(read_null_page, "movl $0x40, %ebx", "movl (%ebx), %eax");
FAULT(write_null_page, "movl $0x44, %ebx", "movl %eax, (%ebx)");
FAULT(write_text, "", "movl %eax, write_text_at");
FAULT(read_none, "movl none_page, %ebx", "movl 8(%ebx), %eax");
FAULT(write_none, "movl none_page, %ebx", "movl %eax, 8(%ebx)");
FAULT(read_end, "movl beyond_file, %ebx", "movl 12(%ebx), %eax");
FAULT(read_kernel, "movl $0xc0100000, %ebx", "movl (%ebx), %eax");
FAULT(write_kernel, "movl $0xc0100000, %ebx", "movl %eax, (%ebx)");
FAULT(read_gate, "movl $0xffffd000, %ebx", "movl (%ebx), %eax");
FAULT(load_ds, "movl $0x18, %eax", "movl %eax, %ds");
FAULT(x87, "fninit; pushl $0x300; fldcw (%esp); addl $4, %esp; fld1; fldz; fdivr %st(1), %st",
      "fwait");

char *none_page, *beyond_file;

/* At kernel addresses a fault is always one of protection: Linux does not tell what it maps there.
 */
#define AT_EIP 1 /* of an expected address: the instruction's own */

static const struct {
    const char *name;
    void (*run)(void);
    const char *at, *end;
    int signal, code;
    uint32_t address;
    int vector, error;
    bool behind, postern; /* EIP is behind the instruction; only Postern has such an address */
} faults[] = {
#define ROW(text, function, ...)                                   \
    {                                                              \
        text, function, function##_at, function##_end, __VA_ARGS__ \
    }
    ROW("division by zero", divide, SIGFPE, FPE_INTDIV, AT_EIP, 0, 0, false, false),
    ROW("a quotient too large", quotient, SIGFPE, FPE_INTDIV, AT_EIP, 0, 0, false, false),
    ROW("ud2", undefined, SIGILL, ILL_ILLOPN, AT_EIP, 6, 0, false, false),
    ROW("int3", breakpoint, SIGTRAP, SI_KERNEL, 0, 3, 0, true, false),
    ROW("into", overflow, SIGSEGV, SI_KERNEL, 0, 4, 0, true, false),
    ROW("hlt", halt, SIGSEGV, SI_KERNEL, 0, 13, 0, false, false),
    ROW("cli", disable, SIGSEGV, SI_KERNEL, 0, 13, 0, false, false),
    ROW("int 0x20", software, SIGSEGV, SI_KERNEL, 0, 13, 0x20 * 8 + 2, false, false),
    ROW("the kernel's data selector", load_ds, SIGSEGV, SI_KERNEL, 0, 13, 0x18, false, false),
    ROW("read of the null page", read_null_page, SIGSEGV, SEGV_MAPERR, 0x40, 14, 4, false, false),
    ROW("write to the null page", write_null_page, SIGSEGV, SEGV_MAPERR, 0x44, 14, 6, false, false),
    ROW("write to text", write_text, SIGSEGV, SEGV_ACCERR, AT_EIP, 14, 7, false, false),
    ROW("read of kernel text", read_kernel, SIGSEGV, SEGV_MAPERR, 0xc0100000, 14, 5, false, true),
    ROW("write to kernel text", write_kernel, SIGSEGV, SEGV_MAPERR, 0xc0100000, 14, 7, false, true),
    ROW("read of the gate page", read_gate, SIGSEGV, SEGV_MAPERR, GATE_TEXT, 14, 5, false, true),
    ROW("x87 division by zero", x87, SIGFPE, FPE_FLTDIV, AT_EIP, 16, 0, false, false),
};

static volatile int calls;
static siginfo_t info;
static mcontext_t machine;
static greg_t go_on; /* where the handler sends the program */

static void leap(int signal, siginfo_t *received, void *context)
{
    ucontext_t *user = context;

    (void)signal;
    calls++;
    info = *received;
    machine = user->uc_mcontext;
    user->uc_mcontext.gregs[REG_EIP] = go_on;
    user->uc_mcontext.gregs[REG_EFL] &= ~0x100;
}

static void note(int signal, siginfo_t *received, void *context)
{
    (void)signal;
    (void)context;
    calls++;
    info = *received;
}

/* Runs a faulting function; true if one signal came, with this number. */
static bool provoke(void (*run)(void), const char *end, int signal)
{
    calls = 0;
    memset(&info, 0xff, sizeof(info));
    go_on = (greg_t)(uintptr_t)end;
    run();
    __asm__ volatile("fninit"); /* an x87 exception stays pending */
    return calls == 1 && info.si_signo == signal && info.si_errno == 0;
}

static void check_fault(const char *name, int code, uintptr_t address, int vector, int error)
{
    ktap_equal(info.si_code, code, "%s: si_code", name);
    ktap_equal((long)info.si_addr, address, "%s: si_addr", name);
    ktap_equal(machine.gregs[REG_TRAPNO], vector, "%s: trapno", name);
    ktap_equal(machine.gregs[REG_ERR] & ~(vector == 14 ? FETCH : 0), error, "%s: error code", name);
    if (vector == 14)
        ktap_equal(machine.cr2, address, "%s: cr2", name);
}

static void check_faults(void)
{
    for (unsigned i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        const char *name = faults[i].name;
        if (faults[i].postern && !on_postern()) {
            ktap_skip("no such address here", "%s", name);
            continue;
        }
        ktap_ok(provoke(faults[i].run, faults[i].end, faults[i].signal), "%s: signal %d", name,
                faults[i].signal);
        uintptr_t at = (uintptr_t)(faults[i].behind ? faults[i].end : faults[i].at);
        ktap_equal(machine.gregs[REG_EIP], at, "%s: eip", name);
        check_fault(name, faults[i].code, faults[i].address == AT_EIP ? at : faults[i].address,
                    faults[i].vector, faults[i].error);
    }
}

static void check_mappings(void)
{
    none_page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ktap_ok(provoke(read_none, read_none_end, SIGSEGV), "read of a PROT_NONE page: SIGSEGV");
    ktap_equal(info.si_code, SEGV_ACCERR, "its si_code");
    ktap_equal((long)info.si_addr, (long)none_page + 8, "its si_addr");
    ktap_ok(provoke(write_none, write_none_end, SIGSEGV) && info.si_code == SEGV_ACCERR,
            "write to a PROT_NONE page: SEGV_ACCERR");
    munmap(none_page, 4096);
    ktap_ok(provoke(read_none, read_none_end, SIGSEGV) && info.si_code == SEGV_MAPERR,
            "after munmap: SEGV_MAPERR");
}

/* The page behind the last one of a mapped file. */
static void check_file_end(const char *path)
{
    int file = open(path, O_RDONLY);
    struct stat status;

    if (file < 0 || fstat(file, &status)) {
        ktap_ok(false, "this program's file");
        return;
    }
    size_t pages = (status.st_size + 4095) & ~4095;
    char *mapping = mmap(NULL, pages + 4096, PROT_READ, MAP_PRIVATE, file, 0);
    beyond_file = mapping + pages;
    ktap_ok(provoke(read_end, read_end_end, SIGBUS), "read behind a mapped file's end: SIGBUS");
    ktap_equal(info.si_code, BUS_ADRERR, "its si_code");
    ktap_equal((long)info.si_addr, (long)beyond_file + 12, "its si_addr");
    munmap(mapping, pages + 4096);
    close(file);
}

/* A jump to nowhere faults with EIP there; the handler sends the program back. */
FAULT(jump_page_4, "movl $0x4000, %eax", "jmp *%eax");

static void check_jump(void)
{
    ktap_ok(provoke(jump_page_4, jump_page_4_end, SIGSEGV), "jump to an unmapped page: SIGSEGV");
    ktap_equal(machine.gregs[REG_EIP], 0x4000, "jump to an unmapped page: eip");
    check_fault("jump to an unmapped page", SEGV_MAPERR, 0x4000, 14, 4);
}

/* TF set by popf: the trap comes behind the instruction that follows. */
FAULT(step, "pushfl; orl $0x100, (%esp); popfl", "nop");
FAULT(icebp, "", ".byte 0xf1");

static void check_step(void)
{
    ktap_ok(provoke(step, step_end, SIGTRAP), "single step: SIGTRAP");
    ktap_equal(info.si_code, TRAP_TRACE, "single step: si_code");
    ktap_equal((long)info.si_addr, (long)step_end, "single step: si_addr is behind the step");
    ktap_equal(machine.gregs[REG_EIP], (long)step_end, "single step: eip");
    ktap_equal(machine.gregs[REG_TRAPNO], 1, "single step: trapno");
    ktap_ok(machine.gregs[REG_EFL] & 0x100, "single step: the frame shows TF");
    bool trapped = provoke(icebp, icebp_end, SIGTRAP);
    if (info.si_signo == SIGILL)
        ktap_skip("this machine does not know it", "icebp: TRAP_BRKPT, trapno 1");
    else
        ktap_ok(trapped && info.si_code == TRAP_BRKPT && machine.gregs[REG_TRAPNO] == 1,
                "icebp: TRAP_BRKPT, trapno 1");
}

/* EFLAGS.AC makes a misaligned access a fault, where CR0.AM allows and the emulator knows. */
FAULT(misaligned, "pushfl; orl $0x40000, (%esp); popfl; movl %esp, %ebx",
      "movl 1(%ebx), %eax; pushl $2; popfl");

static void check_alignment(void)
{
    bool trapped = provoke(misaligned, misaligned_end, SIGBUS);

    __asm__ volatile("pushl $2; popfl" : : : "cc", "memory");
    if (!calls) {
        ktap_skip("no alignment checks on this machine", "a misaligned load with AC");
        return;
    }
    ktap_ok(trapped && info.si_code == BUS_ADRALN && machine.gregs[REG_TRAPNO] == 17,
            "a misaligned load with AC: SIGBUS, BUS_ADRALN, trapno 17");
}

/* What each sender's signal says. */
static void check_senders(void)
{
    int pid = getpid(), uid = getuid();

    kill(pid, SIGUSR1);
    ktap_ok(info.si_signo == SIGUSR1 && info.si_code == SI_USER && info.si_pid == pid &&
                info.si_uid == (uid_t)uid,
            "kill: SI_USER, the sender's pid and uid");
    syscall_raw(SYS_tgkill, pid, pid, SIGUSR2);
    ktap_ok(info.si_signo == SIGUSR2 && info.si_code == SI_TKILL && info.si_pid == pid &&
                info.si_uid == (uid_t)uid,
            "tgkill: SI_TKILL");
    syscall_raw(SYS_tkill, pid, SIGUSR1, 0);
    ktap_ok(info.si_signo == SIGUSR1 && info.si_code == SI_TKILL, "tkill: SI_TKILL");
    sigqueue(pid, SIGUSR2, (union sigval){.sival_ptr = (void *)0xabcd1234});
    ktap_ok(info.si_code == SI_QUEUE && info.si_ptr == (void *)0xabcd1234 && info.si_pid == pid,
            "sigqueue: SI_QUEUE and the value");
    pid_t child = fork();
    if (child == 0) {
        kill(pid, SIGUSR1);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    ktap_ok(info.si_signo == SIGUSR1 && info.si_pid == child, "kill by a child: its pid");
    alarm(0);
    signal_catch(SIGALRM, 0, note);
    calls = 0;
    ualarm(1000, 0);
    while (!calls)
        ;
    ktap_ok(info.si_signo == SIGALRM && info.si_code == SI_KERNEL, "a timer's SIGALRM: SI_KERNEL");
    signal_dispose(SIGALRM, SIG_DFL);
    alarm(SECONDS_TO_HANG);
}

/* The next SIGCHLD; blocked until it is asked for. */
static void await_child(siginfo_t *about)
{
    sigset_t set = signal_set(SIGCHLD);

    memset(about, 0xff, sizeof(*about));
    sigwaitinfo(&set, about);
}

static void check_children(void)
{
    static const struct {
        int signal, code, status;
        const char *name;
    } rows[] = {
        {SIGSTOP, CLD_STOPPED, SIGSTOP, "a stopped child"},
        {SIGCONT, CLD_CONTINUED, SIGCONT, "a continued child"},
        {SIGTERM, CLD_KILLED, SIGTERM, "a killed child"},
    };
    siginfo_t about;

    signal_mask(SIG_BLOCK, SIGCHLD);
    pid_t child = fork();
    if (child == 0)
        _exit(77);
    await_child(&about);
    ktap_ok(about.si_signo == SIGCHLD && about.si_code == CLD_EXITED && about.si_pid == child &&
                about.si_status == 77 && about.si_uid == getuid(),
            "a child's end: CLD_EXITED, pid, uid, status");
    ktap_ok(about.si_utime >= 0 && about.si_utime < 100 && about.si_stime < 100, "and its times");
    waitpid(child, NULL, 0);
    child = fork();
    if (child == 0) {
        for (;;)
            pause();
    }
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        kill(child, rows[i].signal);
        await_child(&about);
        ktap_ok(about.si_code == rows[i].code && about.si_pid == child &&
                    about.si_status == rows[i].status,
                "%s: SIGCHLD with code %d and the signal", rows[i].name, rows[i].code);
    }
    waitpid(child, NULL, 0);
    signal_mask(SIG_UNBLOCK, SIGCHLD);
}

static uint32_t seen[7];
uint32_t flags_seen;

/* Registers that the handler chose: eax ecx edx ebx esi edi ebp, stored behind the fault. */
static void set_registers(int signal, siginfo_t *received, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    static const int order[] = {REG_EAX, REG_ECX, REG_EDX, REG_EBX, REG_ESI, REG_EDI, REG_EBP};

    (void)signal;
    (void)received;
    for (int i = 0; i < 7; i++)
        registers[order[i]] = 0x11111111 * (i + 1);
    registers[REG_EIP] += 2;
    registers[REG_EFL] |= 0x8d5; /* OF SF ZF AF PF CF */
}

static void check_registers(void)
{
    uint32_t flags;
    int right = 0;

    signal_catch(SIGILL, 0, set_registers);
    __asm__ volatile("pushal; ud2; movl %%eax, %1; movl %%ecx, 4+%1; movl %%edx, 8+%1;"
                     "movl %%ebx, 12+%1; movl %%esi, 16+%1; movl %%edi, 20+%1; movl %%ebp, 24+%1;"
                     "pushfl; movl (%%esp), %%eax; movl %%eax, flags_seen; addl $4, %%esp; popal;"
                     "movl flags_seen, %0"
                     : "=r"(flags), "=m"(seen)
                     :
                     : "memory", "cc");
    for (int i = 0; i < 7; i++)
        right += seen[i] == 0x11111111u * (i + 1);
    ktap_equal(right, 7, "seven registers are what the handler wrote into its context");
    ktap_equal(flags & 0x8d5, 0x8d5, "so are the arithmetic flags");
}

int main(int argc, char **argv)
{
    static const int fatal[] = {SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGBUS};

    (void)argc;
    alarm(SECONDS_TO_HANG);
    ktap_begin();
    for (unsigned i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
        signal_catch(fatal[i], 0, leap);
    check_faults();
    check_mappings();
    check_file_end(argv[0]);
    check_jump();
    check_step();
    check_alignment();
    signal_catch(SIGUSR1, SA_RESTART, note);
    signal_catch(SIGUSR2, 0, note);
    check_senders();
    check_children();
    check_registers();
    return ktap_end();
}
