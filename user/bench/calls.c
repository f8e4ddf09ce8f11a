/* Operations that are one call: its registers are loaded before the measuring begins. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "user/bench/bench.h"
#include "user/lib/postern.h"
#include "user/lib/signals.h"
#include "user/lib/syscall.h"

#define NO_SUCH_CALL   999
#define BUFFER_SIZE    65536
#define PAGE           4096
#define KERNEL_ADDRESS 0xc0100000 /* Linux's on i386, too */

static void null(struct call *call)
{
    *call = (struct call){NR_getppid, {0}};
}

static void enosys(struct call *call)
{
    *call = (struct call){NO_SUCH_CALL, {0}};
}

static void resident_getpid(struct call *call)
{
    bench_be_resident();
    *call = (struct call){NR_getpid, {0}};
}

/* Memory that every page of has been written to. */
static long touched(void)
{
    return (long)memset(bench_map(BUFFER_SIZE), 1, BUFFER_SIZE);
}

/* An address that nothing is mapped at, among pages that are there. */
static long unmapped(void)
{
    char *page = bench_map(3 * PAGE);

    memset(page, 1, 3 * PAGE);
    munmap(page + PAGE, PAGE);
    return (long)page + PAGE;
}

static void read_zero(struct call *call, long buffer, long size)
{
    *call = (struct call){NR_read, {bench_open("/dev/zero", O_RDONLY), buffer, size}};
}

static void read_1(struct call *call)
{
    read_zero(call, touched(), 1);
}

static void read_64k(struct call *call)
{
    read_zero(call, touched(), BUFFER_SIZE);
}

static void read_unmapped(struct call *call)
{
    read_zero(call, unmapped(), 1);
}

static void read_kernel(struct call *call)
{
    read_zero(call, KERNEL_ADDRESS, 1);
}

static void write_1(struct call *call)
{
    *call = (struct call){NR_write, {bench_open("/dev/null", O_WRONLY), touched(), 1}};
}

static void stat_null(struct call *call)
{
    *call = (struct call){NR_stat64, {(long)"/dev/null", touched()}};
}

static void stat_unmapped(struct call *call)
{
    *call = (struct call){NR_stat64, {unmapped(), touched()}};
}

static void sigaction_2(struct call *call)
{
    static struct kernel_sigaction action, old; /* the default, which is 0 */

    *call =
        (struct call){NR_rt_sigaction, {SIGUSR2, (long)&action, (long)&old, sizeof(action.mask)}};
}

/* Sixteen null calls by one entry. */
static void batch_16(struct call *call)
{
    static struct postern_batch batch;

    for (int i = 0; i < 16; i++)
        postern_batch_add(&batch, 0, NR_getppid, 0);
    *call =
        (struct call){NR_postern_batch, {(long)batch.words, batch.nr_words, (long)batch.results}};
}

const struct bench bench_calls[] = {
    {.name = "Null", .prepare = null},
    {.name = "Enosys", .prepare = enosys},
    {.name = "ResidentGetpid", .prepare = resident_getpid, .postern_only = true},
    {.name = "ReadZero1", .prepare = read_1},
    {.name = "ReadZero64K", .prepare = read_64k},
    {.name = "WriteNull1", .prepare = write_1},
    {.name = "ReadUnmapped", .prepare = read_unmapped},
    {.name = "ReadKernel", .prepare = read_kernel},
    {.name = "StatUnmapped", .prepare = stat_unmapped},
    {.name = "StatNull", .prepare = stat_null},
    {.name = "Batch16", .prepare = batch_16, .postern_only = true},
    {.name = "Sigaction", .prepare = sigaction_2},
    {.name = NULL},
};
