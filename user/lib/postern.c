#include "user/lib/postern.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/syscall.h"

const char *const isolation_names[2] = {"split", "shared"};
const char *const door_names[NR_DOORS] = {"int80", "sysenter", "syscall", "callgate"};
const char *const copy_names[NR_COPIES] = {"walk", "direct", "window", "bounce"};

int postern_get(enum postern_setting setting)
{
    return syscall_result(syscall_raw(NR_postern_get, setting, 0, 0));
}

int postern_set(enum postern_setting setting, int value)
{
    return syscall_result(syscall_raw(NR_postern_set, setting, value, 0));
}

int postern_counters(struct postern_counters *counters)
{
    return syscall_result(syscall_raw(NR_postern_counters, (long)counters, sizeof(*counters), 0));
}

bool postern_undisturbed(const struct postern_counters *before,
                         const struct postern_counters *after)
{
    return after->interrupts == before->interrupts && after->page_faults == before->page_faults &&
           after->context_switches == before->context_switches;
}

int postern_exposure(struct postern_exposure *rows, size_t max)
{
    return syscall_result(syscall_raw(NR_postern_exposure, (long)rows, max * sizeof(*rows), 0));
}

int postern_poweroff(int status)
{
    return syscall_result(syscall_raw(NR_postern_poweroff, status, 0, 0));
}

int postern_sabotage(enum postern_sabotage what)
{
    return syscall_result(syscall_raw(NR_postern_sabotage, what, 0, 0));
}

int postern_strike(int vector, int after, int waiting)
{
    return syscall_result(syscall_raw(NR_postern_strike, vector, after, waiting));
}

int postern_struck(struct postern_struck *struck)
{
    return syscall_result(syscall_raw(NR_postern_struck, (long)struck, sizeof(*struck), 0));
}

bool on_postern(void)
{
    return postern_get(POSTERN_ISOLATION) >= 0;
}

struct postern_usage postern_usage(void)
{
    return (struct postern_usage){
        postern_get(POSTERN_FRAMES_IN_USE),
        postern_get(POSTERN_HEAP_IN_USE),
        postern_get(POSTERN_FILES_IN_USE),
    };
}

bool postern_usage_returns(struct postern_usage before, const char *who)
{
    struct postern_usage now = postern_usage();

    for (int i = 0; i < 200 && memcmp(&now, &before, sizeof(now)); i++) {
        usleep(10000);
        now = postern_usage();
    }
    if (!memcmp(&now, &before, sizeof(now)))
        return true;
    ktap_note("%s: frames %d -> %d, heap %d -> %d, files %d -> %d", who, before.frames, now.frames,
              before.heap, now.heap, before.files, now.files);
    return false;
}

void postern_perror(const char *who)
{
    fprintf(stderr, "%s: %s\n", who, errno == ENOSYS ? "this is not Postern" : strerror(errno));
}

int isolation_number(const char *name)
{
    for (int i = 0; i < 2; i++) {
        if (!strcmp(name, isolation_names[i]))
            return i;
    }
    return -1;
}

int copy_number(const char *name)
{
    for (int i = 0; i < NR_COPIES; i++) {
        if (!strcmp(name, copy_names[i]))
            return i;
    }
    return -1;
}

int door_number(const char *name)
{
    if (!strcmp(name, "auto"))
        return DOOR_AUTO;
    for (int i = 0; i < NR_DOORS; i++) {
        if (!strcmp(name, door_names[i]))
            return i;
    }
    return -2;
}

unsigned postern_exposed_pages(void)
{
    struct postern_exposure rows[64];
    int count = postern_exposure(rows, 64);
    unsigned pages = 0;

    for (int i = 0; i < count && i < 64; i++)
        pages += (rows[i].end - rows[i].start) >> PAGE_SHIFT;
    return pages;
}
