/* counters: what the kernel has counted since boot. */
#include <stdio.h>

#include "user/lib/cpuid.h"
#include "user/lib/postern.h"

int main(void)
{
    struct postern_counters c;

    if (postern_counters(&c)) {
        postern_perror("counters");
        return 1;
    }
    printf("CR3 writes        %10u\n", c.cr3_writes);
    for (int door = 0; door < NR_DOORS; door++)
        printf("calls, %-10s %10u\n", door_names[door], c.entries[door]);
    printf("calls, answered   %10u\n", c.answered);
    printf("exceptions        %10u\n", c.exceptions);
    printf("interrupts        %10u\n", c.interrupts);
    printf("page faults       %10u\n", c.page_faults);
    printf("copies from user  %10u\n", c.copies_from_user);
    printf("copies to user    %10u\n", c.copies_to_user);
    printf("context switches  %10u\n", c.context_switches);
    if (cpuid_features() & CPUID_TSC)
        printf("thousand cycles   %10llu\n", __builtin_ia32_rdtsc() / 1000);
    return 0;
}
