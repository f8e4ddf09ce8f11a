/* door DOOR -- PROGRAM ARGUMENT...: starts a program whose __kernel_vsyscall uses that door. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/lib/postern.h"
#include "user/lib/spawn.h"

int main(int argc, char **argv)
{
    int door = argc > 1 ? door_number(argv[1]) : -2;

    if (door == -2 || argc < 4 || strcmp(argv[2], "--")) {
        fprintf(stderr, "usage: door auto|int80|sysenter|syscall|callgate -- PROGRAM ...\n");
        return 2;
    }
    if (postern_set(POSTERN_DOOR_NEXT, door)) {
        if (errno == EINVAL)
            fprintf(stderr, "door: this CPU lacks %s\n", argv[1]);
        else
            postern_perror("door");
        return 1;
    }
    spawn_exec("door", argv + 3);
    return 127;
}
