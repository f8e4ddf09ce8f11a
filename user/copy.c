/* copy STRATEGY -- PROGRAM ARGUMENT...: starts a program that a copy strategy of one's choice
 * serves. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/lib/postern.h"
#include "user/lib/spawn.h"

int main(int argc, char **argv)
{
    int strategy = argc > 1 ? copy_number(argv[1]) : -1;

    if (strategy < 0 || argc < 4 || strcmp(argv[2], "--")) {
        fprintf(stderr, "usage: copy walk|window|bounce|direct -- PROGRAM ...\n");
        return 2;
    }
    if (postern_set(POSTERN_COPY, strategy)) {
        if (errno == EINVAL)
            fprintf(stderr, "copy: %s needs isolation=shared\n", argv[1]);
        else
            postern_perror("copy");
        return 1;
    }
    spawn_exec("copy", argv + 3);
    return 127;
}
