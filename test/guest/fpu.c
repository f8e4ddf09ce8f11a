/*
 * FPU and SSE state belong to one process, across any number of switches.
 *
 * Rule: the state is saved eagerly, so no process ever sees another's (LazyFP, CVE-2018-3665); a
 * new program starts with FCW 037f and MXCSR 1f80 as on Linux. A broken kernel mixes or loses
 * registers.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/cpuid.h"
#include "user/lib/ktap.h"
#include "user/lib/spawn.h"
#include "user/lib/syscall.h"

#define ROUNDS        200
#define CHILDREN      4

#define FCW_INITIAL   0x37f
#define MXCSR_INITIAL 0x1f80

/* Fills the x87 stack, yields, and reads it back; the same with xmm0. */
static bool survives(int seed, bool sse)
{
    double in[4], out[4];
    uint32_t xmm[4] = {seed, seed + 1, seed + 2, seed + 3}, back[4];

    for (int i = 0; i < 4; i++)
        in[i] = seed + i * 0.25;
    for (int round = 0; round < ROUNDS; round++) {
        __asm__ volatile("fninit; fldl %0; fldl %1; fldl %2; fldl %3"
                         :
                         : "m"(in[0]), "m"(in[1]), "m"(in[2]), "m"(in[3]));
        if (sse)
            __asm__ volatile("movups %0, %%xmm0" : : "m"(xmm));
        syscall_raw(NR_sched_yield, 0, 0, 0);
        if (sse)
            __asm__ volatile("movups %%xmm0, %0" : "=m"(back));
        __asm__ volatile("fstpl %0; fstpl %1; fstpl %2; fstpl %3"
                         : "=m"(out[3]), "=m"(out[2]), "=m"(out[1]), "=m"(out[0]));
        if (memcmp(in, out, sizeof(in)) || (sse && memcmp(xmm, back, sizeof(xmm))))
            return false;
    }
    return true;
}

/* 0 if the state is a new program's: initial control words, all registers empty. */
static int check_fresh(bool sse)
{
    struct {
        uint32_t control, status, tags, instruction[2], operand[2];
    } environment;
    uint32_t mxcsr = MXCSR_INITIAL, xmm[4] = {0, 0, 0, 0};

    __asm__ volatile("fnstenv %0" : "=m"(environment));
    if (sse)
        __asm__ volatile("stmxcsr %0; movups %%xmm7, %1" : "=m"(mxcsr), "=m"(xmm));
    if ((environment.control & 0xffff) != FCW_INITIAL)
        return 1;
    if (environment.status & 0x3fff || (environment.tags & 0xffff) != 0xffff)
        return 2;
    if (mxcsr != MXCSR_INITIAL)
        return 3;
    return xmm[0] || xmm[1] || xmm[2] || xmm[3] ? 4 : 0;
}

/* Makes a mess of the state, then becomes another program. */
static int exec_from_mess(void *self)
{
    char *argv[] = {self, "fresh", NULL};
    uint32_t control = 0x27f, mxcsr = 0x9f80, xmm[4] = {1, 2, 3, 4};

    __asm__ volatile("fldcw %0; fldpi; fldpi" : : "m"(control));
    if (cpuid_features() & CPUID_SSE)
        __asm__ volatile("ldmxcsr %0; movups %1, %%xmm7" : : "m"(mxcsr), "m"(xmm));
    execv(self, argv);
    return 127;
}

int main(int argc, char **argv)
{
    bool sse = cpuid_features() & CPUID_SSE;
    int status, good = 0;

    if (argc == 2 && !strcmp(argv[1], "fresh"))
        return check_fresh(sse);
    ktap_begin();
    ktap_equal(spawn_status(spawn_body(exec_from_mess, argv[0])), 0,
               "a program starts with FCW 037f, MXCSR 1f80 and empty registers");
    for (int child = 0; child < CHILDREN; child++) {
        if (fork() == 0)
            _exit(!survives(1000 * (child + 1), sse));
    }
    bool own = survives(77, sse);
    while (wait(&status) > 0)
        good += status == 0;
    ktap_ok(own, "the parent's registers survive");
    ktap_equal(good, CHILDREN, "the children's registers survive");
    return ktap_end();
}
