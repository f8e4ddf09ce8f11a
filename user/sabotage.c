/* sabotage WHAT: breaks the kernel on purpose, where it was booted with sabotage=on. The console is
 * made as silent as it can be: how a kernel ends must be seen all the same. */
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>

#include "user/lib/postern.h"

#define CONSOLE_LEVEL 8 /* syslog(2)'s action */

static const char *const names[] = {
    [SABOTAGE_USER_POINTER] = "user-pointer",
    [SABOTAGE_RETURN_CR3] = "return-cr3",
    [SABOTAGE_KERNEL_STACK] = "kernel-stack",
    [SABOTAGE_PANIC] = "panic",
    [SABOTAGE_WRITE_GATE] = "write-gate",
    [SABOTAGE_UNSEAL] = "unseal",
    [SABOTAGE_OPEN] = "open",
    [SABOTAGE_SIGNED_OVERFLOW] = "signed-overflow",
    [SABOTAGE_SHIFT] = "shift",
    [SABOTAGE_MISALIGNED] = "misaligned",
    [SABOTAGE_INDEX] = "index",
    [SABOTAGE_NULL] = "null",
    [SABOTAGE_HEAP_OVERRUN] = "heap-overrun",
    [SABOTAGE_HEAP_UNDERRUN] = "heap-underrun",
    [SABOTAGE_HEAP_FREED] = "heap-freed",
    [SABOTAGE_HEAP_FREED_TWICE] = "heap-freed-twice",
    [SABOTAGE_FRAME_FREED] = "frame-freed",
    [SABOTAGE_STACK_OVERRUN] = "stack-overrun",
    [SABOTAGE_GLOBAL_OVERRUN] = "global-overrun",
    [SABOTAGE_COPY_OVERRUN] = "copy-overrun",
    [SABOTAGE_DOUBLE_FETCH] = "double-fetch",
};

int main(int argc, char **argv)
{
    for (unsigned i = 0; argc == 2 && i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(argv[1], names[i]))
            continue;
        klogctl(CONSOLE_LEVEL, NULL, 1);
        if (postern_sabotage(i))
            postern_perror("sabotage");
        return 1;
    }
    fprintf(stderr, "usage: sabotage WHAT, one of:");
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        fprintf(stderr, " %s", names[i]);
    fprintf(stderr, "\n");
    return 2;
}
