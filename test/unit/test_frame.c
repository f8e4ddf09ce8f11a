/* mm/frame.c and mm/heap.c: allocation, references, exhaustion, what is handed back. */
#include "test/unit/unit.h"

#include <sys/wait.h>
#include <unistd.h>

#include "test/unit/failalloc.h"
#include "mm/frame.c"
#include "mm/heap.c"

#define MEMORY (4u << 20)

static void check_ranges(void)
{
    frame_add(0x1800, 0x4800);
    unit_ok(frames_total == 2, "only frames wholly inside a range are added");
    frame_add(0x1000, 0x5000);
    unit_ok(frames_total == 4, "none is added twice");
    frame_add(0x5800, 0x5fff);
    frame_add(0x6000, 0x6000);
    unit_ok(frames_total == 4, "a range without a whole frame adds none");
    frame_add(MEMORY - PAGE_SIZE, 2 * MEMORY);
    unit_ok(frames_total == 5, "nor what lies beyond the limit");
}

static void put_twice(void)
{
    paddr_t frame = frame_alloc();

    frame_put(frame);
    frame_put(frame);
}

static void put_reserved(void)
{
    frame_put(NO_FRAME);
}

static void get_beyond(void)
{
    frame_get(PADDR(MEMORY));
}

/* In a child, whose words are nobody's results. */
static bool panics(void (*wrong)(void))
{
    int status;

    fflush(stdout);
    pid_t child = fork();
    if (!child) {
        if (!freopen("/dev/null", "w", stdout))
            _exit(2);
        wrong();
        _exit(0);
    }
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

static void check_misuse(void)
{
    unit_ok(panics(put_twice), "a frame that is put twice is a panic");
    unit_ok(panics(put_reserved), "so is one that is not the allocator's");
    unit_ok(panics(get_beyond), "and one that is no memory");
}

static void check_frames(void)
{
    paddr_t frames[16];
    uint32_t count = 0;

    unit_ok(frames_total == MEMORY / PAGE_SIZE - 1, "frame 0 is never given out");
    for (int i = 0; i < 16; i++)
        frames[i] = frame_alloc();
    unit_ok(frames[0].value == PAGE_SIZE && frames[1].value == 2 * PAGE_SIZE,
            "frames come in order");
    frame_get(frames[3]);
    frame_put(frames[3]);
    unit_ok(frame_references(frames[3]) == 1 && frames_in_use == 16, "references are counted");
    memset(direct_map(frames[4]), 0xff, PAGE_SIZE);
    frame_put(frames[4]);
    frames[4] = frame_alloc_zeroed();
    unit_ok(*(uint32_t *)direct_map(frames[4]) == 0, "a zeroed frame is zero");
    for (int i = 0; i < 16; i++)
        frame_put(frames[i]);
    unit_ok(frames_in_use == 0, "all go back");

    paddr_t last = NO_FRAME, next;
    while ((next = frame_alloc()).value) {
        *(uint32_t *)direct_map(next) = last.value;
        last = next;
        count++;
    }
    unit_ok(count == frames_total, "every frame is given out once");
    unit_ok(!frame_alloc().value && !frame_alloc_zeroed().value, "then there is none");
    unit_ok(!heap_alloc(16) && !heap_alloc(PAGE_SIZE), "nor heap");
    while (last.value) {
        next = PADDR(*(uint32_t *)direct_map(last));
        frame_put(last);
        last = next;
    }
    unit_ok(frames_in_use == 0, "and all go back");
}

static void check_heap(void)
{
    enum { OBJECTS = 600 };
    static const size_t sizes[] = {1, 15, 16, 17, 100, 500, 512, 1008, 1009, 2016, 2017, 4096};
    void *objects[OBJECTS];
    bool aligned = true, intact = true;

    for (unsigned i = 0; i < OBJECTS; i++) {
        size_t size = sizes[i % (sizeof(sizes) / sizeof(sizes[0]))];
        objects[i] = heap_alloc(size);
        aligned &= objects[i] && (uintptr_t)objects[i] % 16 == 0;
        memset(objects[i], (int)i, size);
    }
    unit_ok(aligned, "objects are aligned");
    for (unsigned i = 0; i < OBJECTS; i++) {
        size_t size = sizes[i % (sizeof(sizes) / sizeof(sizes[0]))];
        for (size_t j = 0; j < size; j++)
            intact &= ((uint8_t *)objects[i])[j] == (uint8_t)i;
    }
    unit_ok(intact, "and do not overlap");
    for (unsigned i = 0; i < OBJECTS; i += 2)
        heap_free(objects[i]);
    for (unsigned i = 1; i < OBJECTS; i += 2)
        heap_free(objects[i]);
    unit_ok(heap_in_use == 0 && frames_in_use == 0, "freed, no byte and no frame is in use");
    unit_ok(!heap_alloc(PAGE_SIZE + 1), "more than a page cannot be had");
    heap_free(NULL);
}

int main(void)
{
    printf("KTAP version 1\n");
    if (!unit_physical_memory(MEMORY)) {
        printf("1..0 # SKIP address c0000000 is taken\n");
        return 0;
    }
    void *table = calloc(1, frame_table_size(MEMORY));
    frame_init(table, MEMORY);
    check_ranges();
    frame_init(table, MEMORY);
    frame_add(0, MEMORY);
    check_misuse();
    check_frames();
    check_heap();
    return unit_end();
}
