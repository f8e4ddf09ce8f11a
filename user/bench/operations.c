/* Operations that are more than one call, or none: pipes, signals, processes. */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/bench/bench.h"
#include "user/lib/syscall.h"

#define PAGE 4096

static char buffer[PAGE] __attribute__((aligned(PAGE))) = {1};
static int there[2], back[2]; /* pipes */

static void open_close(void)
{
    bench_call(NR_close, bench_call(NR_open, (long)"/dev/null", O_RDONLY, 0), 0, 0);
}

/* --- pipes ----------------------------------------------------------------------------------- */

static void make_pipe(struct call *call)
{
    (void)call;
    bench_pipe(there);
}

static void pipe_self(long size)
{
    bench_call(NR_write, there[1], (long)buffer, size);
    bench_call(NR_read, there[0], (long)buffer, size);
}

static void pipe_self_1(void)
{
    pipe_self(1);
}

static void pipe_self_4k(void)
{
    pipe_self(PAGE);
}

static void answer(void)
{
    bench_call(NR_read, there[0], (long)buffer, 1);
    bench_call(NR_write, back[1], (long)buffer, 1);
}

static void make_ping_pong(struct call *call)
{
    make_pipe(call);
    bench_pipe(back);
    bench_partner(answer);
}

static void ping_pong(void)
{
    bench_call(NR_write, there[1], (long)buffer, 1);
    bench_call(NR_read, back[0], (long)buffer, 1);
}

/* --- the scheduler --------------------------------------------------------------------------- */

/* There and back: the partner yields in between. */
static void yield(void)
{
    bench_call(NR_sched_yield, 0, 0, 0);
}

/* A fair scheduler comes back to who yields until a new process has had its share (Linux). */
static void make_yield(struct call *call)
{
    (void)call;
    bench_partner(yield);
    for (int i = 0; i < 20000; i++)
        yield();
}

/* --- signals --------------------------------------------------------------------------------- */

static pid_t self;

/* Handlers get the frame on the stack. */
static void handle(int signal)
{
    (void)signal;
}

/* The two bytes of the instruction that faulted are not tried again. */
void skip_fault(int signal);
__asm__("\t.text\n"
        "skip_fault:\n"
        "\taddl $2, 8+56(%esp)\n" /* return address, signal, struct sigcontext: its eip */
        "\tret\n");

static void make_kill(struct call *call)
{
    (void)call;
    self = getpid();
    signal(SIGUSR1, handle);
}

static void kill_self(void)
{
    bench_call(NR_kill, self, SIGUSR1, 0);
}

static void make_fault(struct call *call)
{
    (void)call;
    signal(SIGSEGV, skip_fault);
}

static void fault_handled(void)
{
    __asm__ volatile("movl (%0), %0" : : "a"(PAGE) : "memory");
}

/* --- processes ------------------------------------------------------------------------------- */

static void fork_exit_wait(void)
{
    if (bench_call(NR_fork, 0, 0, 0) == 0)
        bench_call(NR_exit, 0, 0, 0);
    bench_call(NR_wait4, -1, 0, 0);
}

static void fork_exec_exit_wait(void)
{
    static const char *const arguments[] = {"nothing", NULL}, *const environment[] = {NULL};

    if (bench_call(NR_fork, 0, 0, 0) == 0) {
        bench_call(NR_execve, (long)"/bin/nothing", (long)arguments, (long)environment);
        bench_call(NR_exit, 127, 0, 0);
    }
    bench_call(NR_wait4, -1, 0, 0);
}

const struct bench bench_operations[] = {
    {.name = "OpenClose", .body = open_close},
    {.name = "PipeSelf1", .prepare = make_pipe, .body = pipe_self_1},
    {.name = "PipeSelf4K", .prepare = make_pipe, .body = pipe_self_4k},
    {.name = "PipePingPong", .prepare = make_ping_pong, .body = ping_pong},
    {.name = "YieldTwo", .prepare = make_yield, .body = yield},
    {.name = "KillSelf", .prepare = make_kill, .body = kill_self},
    {.name = "FaultHandled", .prepare = make_fault, .body = fault_handled, .doorless = true},
    {.name = "ForkExitWait", .body = fork_exit_wait},
    {.name = "ForkExecExitWait", .body = fork_exec_exit_wait},
    {.name = NULL},
};
