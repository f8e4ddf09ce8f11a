/*
 * Clocks and sleeping: clock_gettime(2), nanosleep(2).
 *
 * A broken kernel lets the clock jump back when a tick is pending, wakes early, or takes nonsense.
 */
#include <errno.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/syscall.h"

static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

struct time32 {
    int32_t seconds, nanoseconds;
};

static long sleep32(int32_t seconds, int32_t nanoseconds)
{
    struct time32 t = {seconds, nanoseconds};

    return syscall_raw(NR_nanosleep, (long)&t, 0, 0);
}

int main(void)
{
    static const int32_t lengths[] = {1, 1000000, 12345678, 50000000};
    int64_t last = now();
    int backwards = 0;
    struct time32 t;

    ktap_begin();
    for (int i = 0; i < 20000; i++) {
        int64_t next = now();
        backwards += next < last;
        last = next;
    }
    ktap_equal(backwards, 0, "the clock never goes back");
    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        int64_t before = now();
        long result = sleep32(0, lengths[i]);
        int64_t passed = now() - before;
        ktap_ok(result == 0 && passed >= lengths[i], "nanosleep of %d ns is not shorter",
                lengths[i]);
    }
    ktap_equal(sleep32(0, 0), 0, "nanosleep of nothing");
    ktap_equal(sleep32(0, 1000000000), -EINVAL, "a second's worth of nanoseconds");
    ktap_equal(sleep32(0, -1), -EINVAL, "negative nanoseconds");
    ktap_equal(sleep32(-1, 0), -EINVAL, "negative seconds");
    ktap_equal(syscall_raw(NR_clock_gettime, 77, (long)&t, 0), -EINVAL, "no such clock");
    return ktap_end();
}
