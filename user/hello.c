/* Hello, from an ordinary C program: it knows nothing of Postern, and runs on Linux as well. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    const char *home = getenv("HOME");

    printf("Hello, world! 6 * 7 = %d, 1 / 3 = %.6f\n", 6 * 7, 1.0 / 3.0);
    for (int i = 1; i < argc; i++)
        printf("argument %d: %s\n", i, argv[i]);
    return home ? 0 : 1;
}
