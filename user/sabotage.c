/* sabotage WHAT: breaks the kernel on purpose, where it was booted with sabotage=on. */
#include <stdio.h>
#include <string.h>

#include "user/lib/postern.h"

static const char *const names[] = {
    [SABOTAGE_USER_POINTER] = "user-pointer",
    [SABOTAGE_RETURN_CR3] = "return-cr3",
    [SABOTAGE_KERNEL_STACK] = "kernel-stack",
    [SABOTAGE_PANIC] = "panic",
    [SABOTAGE_WRITE_GATE] = "write-gate",
    [SABOTAGE_UNSEAL] = "unseal",
    [SABOTAGE_OPEN] = "open",
};

int main(int argc, char **argv)
{
    for (unsigned i = 0; argc == 2 && i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(argv[1], names[i]))
            continue;
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
