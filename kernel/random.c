#include "kernel/random.h"

#include "kernel/time.h"

/* SplitMix64 (Steele, Lea, Flood 2014), stirred with the clock at each use. */
static uint64_t state = 0x9e3779b97f4a7c15;

static uint64_t next(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

void random_bytes(void *bytes, size_t size)
{
    uint8_t *to = bytes;

    state ^= time_now();
    for (size_t i = 0; i < size; i++)
        to[i] = next();
}
