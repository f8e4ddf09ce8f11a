/* isolate MODE -- PROGRAM ARGUMENT...: starts a program in an isolation mode of one's choice. */
#include <stdio.h>
#include <string.h>

#include "user/lib/postern.h"
#include "user/lib/spawn.h"

int main(int argc, char **argv)
{
    int mode = argc > 1 ? isolation_number(argv[1]) : -1;

    if (argc == 1) {
        int current = postern_get(POSTERN_ISOLATION);
        if (current < 0) {
            postern_perror("isolate");
            return 1;
        }
        printf("%s\n", isolation_names[current]);
        return 0;
    }
    if (mode < 0 || argc < 4 || strcmp(argv[2], "--")) {
        fprintf(stderr,
                "usage: isolate                              print the mode of this process\n"
                "       isolate split|shared -- PROGRAM ...  run PROGRAM in that mode\n");
        return 2;
    }
    if (postern_set(POSTERN_ISOLATION_NEXT, mode)) {
        postern_perror("isolate");
        return 1;
    }
    spawn_exec("isolate", argv + 3);
    return 127;
}
