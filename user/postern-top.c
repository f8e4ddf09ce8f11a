/*
 * postern-top: what the kernel counts, as totals and per second.
 *
 *     postern-top [-d SECONDS] [-n COUNT]    every SECONDS (1), COUNT times or until q is pressed
 */
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define COUNTERS     "/proc/postern/counters"
#define KNOBS        "/proc/postern/knobs"
#define MAX_COUNTERS 32

struct counter {
    char name[32];
    uint32_t value; /* wraps */
};

/* What the file says at one time. */
struct reading {
    double seconds;
    int count;
    struct counter counters[MAX_COUNTERS];
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
    (void)signal;
    stopped = 1;
}

static void read_counters(struct reading *reading)
{
    FILE *file = fopen(COUNTERS, "r");
    struct timespec now;

    if (!file) {
        perror("postern-top: " COUNTERS);
        exit(1);
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    reading->seconds = now.tv_sec + now.tv_nsec / 1e9;
    reading->count = 0;
    while (reading->count < MAX_COUNTERS) {
        struct counter *counter = &reading->counters[reading->count];
        if (fscanf(file, "%31s %u", counter->name, &counter->value) != 2)
            break;
        reading->count++;
    }
    fclose(file);
}

/* As many as fit a line of the screen: those that cost something come first. */
static void print_knobs(void)
{
    char line[80];
    FILE *file = fopen(KNOBS, "r");

    if (file && fgets(line, sizeof(line), file))
        printf("%.*s\n", (int)(strrchr(line, strchr(line, '\n') ? '\n' : ' ') - line), line);
    if (file)
        fclose(file);
}

/* before: NULL the first time, when there are no rates yet. */
static void print_reading(const struct reading *before, const struct reading *now)
{
    printf("postern-top: %.0f s since boot\n", now->seconds);
    print_knobs();
    printf("\n%-20s %12s %12s\n", "", "total", "per second");
    for (int i = 0; i < now->count; i++) {
        const struct counter *counter = &now->counters[i];
        printf("%-20s %12u", counter->name, counter->value);
        if (before)
            printf(" %12.0f", (uint32_t)(counter->value - before->counters[i].value) /
                                  (now->seconds - before->seconds));
        printf("\n");
    }
    fflush(stdout);
}

/* --- the terminal ---------------------------------------------------------------------------- */

static struct termios before_us;

static void restore_terminal(void)
{
    tcsetattr(0, TCSANOW, &before_us);
}

/* Keys arrive one by one and unseen; false if there is nobody to press them. */
static bool take_terminal(void)
{
    struct termios ours;

    if (!isatty(1) || tcgetattr(0, &before_us))
        return false;
    atexit(restore_terminal);
    ours = before_us;
    ours.c_lflag &= ~(ICANON | ECHO);
    tcsetattr(0, TCSANOW, &ours);
    return true;
}

/* Waits so long; true if q was pressed, or a signal asks to end. */
static bool pause_ends(int milliseconds, bool keys)
{
    struct pollfd input = {.fd = 0, .events = POLLIN};
    char key = 0;

    if (poll(&input, keys, milliseconds) > 0 && read(0, &key, 1) != 1)
        key = 'q';
    return stopped || key == 'q';
}

int main(int argc, char **argv)
{
    static struct reading readings[2];
    double interval = 1;
    int rounds = -1, option;

    while ((option = getopt(argc, argv, "d:n:")) != -1) {
        if (option == 'd')
            interval = atof(optarg);
        else if (option == 'n')
            rounds = atoi(optarg);
        else
            return 2;
    }
    sigaction(SIGINT, &(struct sigaction){.sa_handler = stop}, NULL);
    bool keys = take_terminal();
    for (int round = 0; round != rounds; round++) {
        read_counters(&readings[round % 2]);
        if (keys)
            fputs("\033[H\033[J", stdout);
        print_reading(round ? &readings[(round + 1) % 2] : NULL, &readings[round % 2]);
        if (round + 1 != rounds && pause_ends(interval * 1000, keys))
            break;
    }
    return 0;
}
