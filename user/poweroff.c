/* poweroff [STATUS]: ends the machine; the status reaches whoever runs it. */
#include <stdio.h>
#include <stdlib.h>

#include "user/lib/postern.h"

int main(int argc, char **argv)
{
    postern_poweroff(argc > 1 ? atoi(argv[1]) : 0);
    postern_perror("poweroff");
    return 1;
}
