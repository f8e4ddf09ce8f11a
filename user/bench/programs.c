/*
 * Whole programs: busybox's shell and what it starts, from fork to the last exit. Their input is
 * made anew from the same numbers.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/bench/bench.h"
#include "user/lib/spawn.h"

#define FOLDER     "/tmp/bench"
#define FILE_SIZE  (8 << 20)
#define NR_LINES   4000
#define NR_FILES   64
#define CHUNK_SIZE 4096

static const char *commands;

static void run_shell(void)
{
    char *argv[] = {"sh", "-c", (char *)commands, NULL};
    int status = spawn_wait(argv);

    if (status) {
        fprintf(stderr, "bench: %s: exit status %d\n", commands, status);
        exit(1);
    }
}

/* Numbers without a pattern, but always the same ones. */
static uint32_t next_number(void)
{
    static uint32_t state = 1;

    return state = state * 1664525 + 1013904223;
}

static int create(const char *name)
{
    mkdir(FOLDER, 0700);
    if (chdir(FOLDER))
        perror(FOLDER);
    return bench_open(name, O_CREAT | O_TRUNC | O_WRONLY);
}

static void fill(int fd, size_t size)
{
    uint32_t chunk[CHUNK_SIZE / sizeof(uint32_t)];

    for (size_t done = 0; done < size; done += sizeof(chunk)) {
        for (unsigned i = 0; i < sizeof(chunk) / sizeof(chunk[0]); i++)
            chunk[i] = next_number();
        if (write(fd, chunk, sizeof(chunk)) != sizeof(chunk))
            perror("bench: write");
    }
    close(fd);
}

static void make_nothing(struct call *call)
{
    (void)call;
    commands = "exit";
}

static void make_lines(struct call *call)
{
    (void)call;
    int file = create("lines");

    for (int i = 0; i < NR_LINES; i++)
        dprintf(file, "%u\n", (unsigned)(next_number() >> 22));
    close(file);
    commands = "sort lines | uniq -c | sort -n >/dev/null";
}

static void make_file(struct call *call)
{
    (void)call;
    fill(create("file"), FILE_SIZE);
    commands = "sha256sum file >/dev/null";
}

static void make_tree(struct call *call)
{
    char name[16];

    (void)call;
    close(create("tree.tar"));
    mkdir("tree", 0700);
    for (int i = 0; i < NR_FILES; i++) {
        snprintf(name, sizeof(name), "tree/%d", i);
        fill(create(name), (1 + i % 16) * CHUNK_SIZE);
    }
    commands = "tar cf tree.tar tree && rm -r tree && tar xf tree.tar";
}

/* Ticks of the clock come at other places each time, but this process begins right behind one. */
static void wait_for_tick(void)
{
    usleep(1);
}

/* They take long, and what they read is in memory from the start. */
static const struct repetition once = {.samples = 1, .prepare = wait_for_tick};

const struct bench bench_programs[] = {
    {.name = "ShellExit", .prepare = make_nothing, .body = run_shell, .how = &once, .whole = true},
    {.name = "SortUniq", .prepare = make_lines, .body = run_shell, .how = &once, .whole = true},
    {.name = "Sha256", .prepare = make_file, .body = run_shell, .how = &once, .whole = true},
    {.name = "TarUntar", .prepare = make_tree, .body = run_shell, .how = &once, .whole = true},
    {.name = NULL},
};
