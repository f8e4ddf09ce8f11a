/* mm/copy_steps.h: the steps of the strategies that let the MMU check, with an MMU that this test
 * plays, against what the page walk does at the same addresses.
 */
#include "test/unit/unit.h"

#include "test/unit/names.h"

#include "arch/i386/paging.h"
#include "kernel/errno.h"
#include "kernel/string.h"
#include "mm/copy_steps.h"

#define PAGES 4
#define BASE  0x10000000u

static char memory[PAGES * PAGE_SIZE];
static struct {
    bool present, allowed;
} pages[PAGES];
static unsigned faults;

/* Of user memory at BASE; makes the page present. */
int space_fault(struct space *space, vaddr_t address, uint32_t access)
{
    unsigned page = (address - BASE) >> PAGE_SHIFT;

    (void)space, (void)access;
    faults++;
    if (page >= PAGES || !pages[page].allowed)
        return -EFAULT;
    pages[page].present = true;
    return 0;
}

void thread_out_of_memory(void)
{
}

static bool accessible(vaddr_t user, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned page = (user + i - BASE) >> PAGE_SHIFT;
        if (page >= PAGES || !pages[page].present)
            return false;
    }
    return true;
}

/* As rep movsl does, and rep movsb after it: an access that faults has no effect at all. */
static size_t step(const struct copy_job *job, size_t done, size_t size)
{
    while (size) {
        size_t width = size >= 4 ? 4 : 1;
        vaddr_t user = job->user + done;
        if (!accessible(user, width))
            return size;
        memcpy(job->kernel + done, memory + (user - BASE), width);
        done += width;
        size -= width;
    }
    return 0;
}

static void reset(unsigned present, unsigned allowed)
{
    for (unsigned i = 0; i < PAGES; i++) {
        pages[i].present = i < present;
        pages[i].allowed = i < allowed;
    }
    faults = 0;
}

/* What could be copied of [user, user + size) with so many pages allowed. */
static size_t expected(vaddr_t user, size_t size, unsigned allowed)
{
    vaddr_t end = BASE + allowed * PAGE_SIZE;

    return user >= end ? 0 : MIN(size, end - user);
}

static unsigned try_copy(vaddr_t user, size_t size, size_t at_most, unsigned allowed)
{
    char *to = calloc(1, size + 1);
    const struct copy_job job = {NULL, user, to, REGION_READ};

    reset(0, allowed);
    size_t want = expected(user, size, allowed), got = copy_in_steps(&job, size, at_most, step);
    bool good = got == want && !memcmp(to, memory + (user - BASE), want) && to[want] == 0;
    free(to);
    return !good;
}

static void check_copies(size_t at_most)
{
    unsigned wrong = 0;

    for (unsigned allowed = 0; allowed <= PAGES; allowed++) {
        for (unsigned offset = PAGE_SIZE - 9; offset <= PAGE_SIZE + 9; offset++) {
            for (unsigned size = 0; size < 20; size++)
                wrong += try_copy(BASE + offset, size, at_most, allowed);
            wrong += try_copy(BASE + offset, 2 * PAGE_SIZE, at_most, allowed);
        }
    }
    unit_ok(!wrong, "copies of all lengths about faults, in steps of %u", (unsigned)at_most);
}

static void check_faults(void)
{
    static char to[PAGES * PAGE_SIZE];
    const struct copy_job job = {NULL, BASE, to, REGION_READ};

    reset(0, PAGES);
    unit_ok(copy_in_steps(&job, sizeof(to), LARGE_PAGE, step) == sizeof(to) && faults == PAGES,
            "a fault for each page");
    reset(PAGES, PAGES);
    unit_ok(copy_in_steps(&job, sizeof(to), LARGE_PAGE, step) == sizeof(to) && !faults,
            "none where all are present");
}

static size_t copy_string(vaddr_t user, char *to, size_t size)
{
    const struct copy_job job = {NULL, user, to, REGION_READ};

    return copy_string_in_steps(&job, size, step);
}

static void check_strings(void)
{
    char to[300];
    unsigned wrong = 0;

    for (unsigned length = 0; length < 200; length++) {
        vaddr_t user = BASE + 2 * PAGE_SIZE - length - 1;
        memset(memory, 's', sizeof(memory));
        memory[2 * PAGE_SIZE - 1] = '\0';
        reset(0, 2);
        wrong += copy_string(user, to, sizeof(to)) != length + 1 || strlen(to) != length;
        memory[2 * PAGE_SIZE - 1] = 's';
        wrong += copy_string(user, to, sizeof(to)) != length + 1;
        reset(0, PAGES);
        wrong += copy_string(user, to, length) != length;
    }
    unit_ok(!wrong, "strings that end at, run into and stop before a fault");
}

int main(void)
{
    printf("KTAP version 1\n");
    for (unsigned i = 0; i < sizeof(memory); i++)
        memory[i] = (char)(1 + i % 251);
    check_copies(LARGE_PAGE);
    check_copies(2048);
    check_copies(64);
    check_faults();
    check_strings();
    return unit_end();
}
