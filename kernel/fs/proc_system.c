/* The files of /proc that are about the system. */
#include "arch/i386/asm.h"
#include "arch/i386/cpu.h"
#include "arch/i386/irq.h"
#include "arch/i386/pit.h"
#include "kernel/counters.h"
#include "kernel/cputime.h"
#include "kernel/devices.h"
#include "kernel/format.h"
#include "kernel/fs/proc.h"
#include "kernel/knobs.h"
#include "kernel/load.h"
#include "kernel/printk.h"
#include "kernel/random.h"
#include "kernel/string.h"
#include "kernel/system.h"
#include "kernel/time.h"
#include "mm/frame.h"
#include "mm/heap.h"

/* --- load ------------------------------------------------------------------------------------- */

static int32_t last_pid(void)
{
    struct process *process;
    int32_t last = 0;

    list_for_each(process, &process_list, all)
        last = MAX(last, process->pid);
    return last;
}

static int show_loadavg(struct text *text, const struct proc_inode *inode)
{
    (void)inode;
    for (unsigned i = 0; i < 3; i++) {
        uint32_t hundredths = load_average[i] * 100 >> LOAD_SHIFT;
        text_print(text, "%u.%02u ", hundredths / 100, hundredths % 100);
    }
    text_print(text, "%u/%u %d\n", load_running(), nr_processes, last_pid());
    return 0;
}

static int show_uptime(struct text *text, const struct proc_inode *inode)
{
    uint32_t ticks = time_ticks();

    (void)inode;
    text_print(text, "%u.%02u %u.%02u\n", ticks / HZ, ticks % HZ, cputime_idle / HZ,
               cputime_idle % HZ);
    return 0;
}

static int show_stat(struct text *text, const struct proc_inode *inode)
{
    struct cputime time = cputime_all;
    struct postern_counters now = counters_read();

    (void)inode;
    text_print(text, "cpu  %u 0 %u %u 0 0 0 0 0 0\n", time.user, time.system, cputime_idle);
    text_print(text, "cpu0 %u 0 %u %u 0 0 0 0 0 0\n", time.user, time.system, cputime_idle);
    text_print(text, "intr %u\nctxt %u\n", now.interrupts, now.context_switches);
    text_print(text, "btime %llu\n", divide_u64(time_realtime_of_boot(), NANOSECONDS, NULL));
    text_print(text, "processes %d\nprocs_running %u\nprocs_blocked 0\n", last_pid(),
               load_running());
    return 0;
}

static int show_interrupts(struct text *text, const struct proc_inode *inode)
{
    const char *name;

    (void)inode;
    text_string(text, "           CPU0       \n");
    for (unsigned irq = 0; irq < NR_IRQS; irq++) {
        if ((name = irq_name(irq)))
            text_print(text, "%3u: %10u    XT-PIC      %s\n", irq, irq_counts[irq], name);
    }
    return 0;
}

/* --- memory ----------------------------------------------------------------------------------- */

static void show_kib(struct text *text, const char *name, uint32_t pages)
{
    char label[20];

    snprintf(label, sizeof(label), "%s:", name);
    text_print(text, "%-15s %8u kB\n", label, pages * (PAGE_SIZE / 1024));
}

static int show_meminfo(struct text *text, const struct proc_inode *inode)
{
    uint32_t unused = frames_total - frames_in_use;

    (void)inode;
    show_kib(text, "MemTotal", frames_total);
    show_kib(text, "MemFree", unused);
    show_kib(text, "MemAvailable", unused);
    show_kib(text, "Buffers", 0);
    show_kib(text, "Cached", 0);
    show_kib(text, "SwapCached", 0);
    show_kib(text, "SwapTotal", 0);
    show_kib(text, "SwapFree", 0);
    show_kib(text, "Shmem", 0);
    show_kib(text, "Slab", heap_in_use / PAGE_SIZE);
    show_kib(text, "SReclaimable", 0);
    return 0;
}

/* --- the machine ------------------------------------------------------------------------------ */

/* CPUID leaf 1 edx, by bit (SDM 2A CPUID), as Linux names them. */
static const char *const cpu_flags[32] = {
    "fpu",  "vme",  "de",   "pse", "tsc",  "msr", "pae",   "mce", "cx8",     "apic", NULL,
    "sep",  "mtrr", "pge",  "mca", "cmov", "pat", "pse36", "pn",  "clflush", NULL,   "dts",
    "acpi", "mmx",  "fxsr", "sse", "sse2", "ss",  "ht",    "tm",  "ia64",    "pbe",
};

static int show_cpuinfo(struct text *text, const struct proc_inode *inode)
{
    uint32_t family = (cpu.signature >> 8) & 0xf, model = (cpu.signature >> 4) & 0xf;

    (void)inode;
    if (family == 6 || family == 15)
        model |= (cpu.signature >> 12) & 0xf0;
    if (family == 15)
        family += (cpu.signature >> 20) & 0xff;
    text_print(text, "processor\t: 0\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n",
               cpu.vendor, family, model);
    text_print(text, "model name\t: %s family %u model %u\nstepping\t: %u\n", cpu.vendor, family,
               model, cpu.signature & 0xf);
    text_string(text, "fpu\t\t: yes\nwp\t\t: yes\nflags\t\t:");
    for (unsigned bit = 0; bit < 32; bit++) {
        if ((cpu.capability & (1u << bit)) && cpu_flags[bit])
            text_print(text, " %s", cpu_flags[bit]);
    }
    text_string(text, "\n\n");
    return 0;
}

/* What a number of major devices is called: its first one's node, but those of memory. */
static int show_devices(struct text *text, const struct proc_inode *inode)
{
    unsigned last = 0;

    (void)inode;
    text_string(text, "Character devices:\n");
    for (const struct device *device = devices; device->path; device++) {
        if (device->major != last)
            text_print(text, "%3u %s\n", device->major, device->major == 1 ? "mem" : device->path);
        last = device->major;
    }
    text_string(text, "\nBlock devices:\n");
    return 0;
}

/* --- the kernel ------------------------------------------------------------------------------- */

static int show_version(struct text *text, const struct proc_inode *inode)
{
    (void)inode;
    text_print(text, "%s version %s %s\n", SYSTEM_NAME, SYSTEM_RELEASE, SYSTEM_VERSION);
    return 0;
}

static int show_cmdline(struct text *text, const struct proc_inode *inode)
{
    (void)inode;
    text_string(text, knobs.command_line);
    text_string(text, "\n");
    return 0;
}

static int show_kmsg(struct text *text, const struct proc_inode *inode)
{
    char chunk[256];
    uint32_t position = 0;
    size_t size;

    (void)inode;
    while ((size = log_read(&position, chunk, sizeof(chunk))) && !text->error)
        text_bytes(text, chunk, size);
    return 0;
}

static int show_filesystems(struct text *text, const struct proc_inode *inode)
{
    (void)inode;
    for (const struct mount *mount = mounts; mount->root; mount++)
        text_print(text, "nodev\t%s\n", mount->root->filesystem->type);
    return 0;
}

int proc_show_mounts(struct text *text, const struct proc_inode *inode)
{
    char *path = heap_alloc(PATH_MAX);

    (void)inode;
    if (!path)
        return -ENOMEM;
    for (const struct mount *mount = mounts; mount->root; mount++) {
        const char *type = mount->root->filesystem->type;
        if (proc_path(mount->root, path) > 0)
            text_print(text, "%s %s %s rw 0 0\n", type, path, type);
    }
    heap_free(path);
    return 0;
}

/* --- sys -------------------------------------------------------------------------------------- */

#define SHOW_LINE(name, ...)                                                  \
    static int show_##name(struct text *text, const struct proc_inode *inode) \
    {                                                                         \
        (void)inode;                                                          \
        text_print(text, __VA_ARGS__);                                        \
        return 0;                                                             \
    }

SHOW_LINE(hostname, "%s\n", system_node)
SHOW_LINE(domainname, "%s\n", system_domain)
SHOW_LINE(osrelease, "%s\n", SYSTEM_RELEASE)
SHOW_LINE(ostype, "%s\n", SYSTEM_NAME)
SHOW_LINE(osversion, "%s\n", SYSTEM_VERSION)
SHOW_LINE(pid_max, "%u\n", PID_MAX)
SHOW_LINE(threads_max, "%u\n", PROCESSES_MAX)
SHOW_LINE(ngroups_max, "%u\n", GROUPS_MAX)
SHOW_LINE(file_max, "%u\n", FILES_MAX *PROCESSES_MAX)
SHOW_LINE(printk, "%d\t%d\t1\t%d\n", log_threshold + 1, LOG_INFO + 1, LOG_INFO + 1)
SHOW_LINE(entropy, "256\n")

/* A random UUID (RFC 4122 4.4). */
static void show_uuid_of(struct text *text, const uint8_t b[16])
{
    for (unsigned i = 0; i < 16; i++) {
        uint8_t byte = i == 6 ? (b[i] & 0x0f) | 0x40 : i == 8 ? (b[i] & 0x3f) | 0x80 : b[i];
        text_print(text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", byte);
    }
    text_string(text, "\n");
}

static int show_uuid(struct text *text, const struct proc_inode *inode)
{
    uint8_t bytes[16];

    (void)inode;
    random_bytes(bytes, sizeof(bytes));
    show_uuid_of(text, bytes);
    return 0;
}

static int show_boot_id(struct text *text, const struct proc_inode *inode)
{
    static uint8_t bytes[16];
    static bool made;

    (void)inode;
    if (!made)
        random_bytes(bytes, sizeof(bytes));
    made = true;
    show_uuid_of(text, bytes);
    return 0;
}

static const struct proc_entry random_entries[] = {
    PROC_FILE("boot_id", show_boot_id),
    PROC_FILE("entropy_avail", show_entropy),
    PROC_FILE("poolsize", show_entropy),
    PROC_FILE("uuid", show_uuid),
    {.name = NULL},
};

static const struct proc_entry kernel_entries[] = {
    PROC_FILE("domainname", show_domainname),
    PROC_FILE("hostname", show_hostname),
    PROC_FILE("ngroups_max", show_ngroups_max),
    PROC_FILE("osrelease", show_osrelease),
    PROC_FILE("ostype", show_ostype),
    PROC_FILE("pid_max", show_pid_max),
    PROC_FILE("printk", show_printk),
    PROC_DIRECTORY("random", random_entries),
    PROC_FILE("threads-max", show_threads_max),
    PROC_FILE("version", show_osversion),
    {.name = NULL},
};

static const struct proc_entry fs_entries[] = {
    PROC_FILE("file-max", show_file_max),
    {.name = NULL},
};

static const struct proc_entry sys_entries[] = {
    PROC_DIRECTORY("fs", fs_entries),
    PROC_DIRECTORY("kernel", kernel_entries),
    {.name = NULL},
};

/* --- links to the reader ---------------------------------------------------------------------- */

static ssize_t self_readlink(const struct proc_inode *inode, char *text)
{
    (void)inode;
    return snprintf(text, PATH_MAX, "%d", current_process()->pid);
}

static ssize_t thread_self_readlink(const struct proc_inode *inode, char *text)
{
    (void)inode;
    return snprintf(text, PATH_MAX, "%d/task/%d", current_process()->pid, current_thread()->tid);
}

static ssize_t mounts_readlink(const struct proc_inode *inode, char *text)
{
    (void)inode;
    return strlcpy(text, "self/mounts", PATH_MAX);
}

const struct proc_entry proc_system_entries[] = {
    PROC_FILE("cmdline", show_cmdline),
    PROC_FILE("cpuinfo", show_cpuinfo),
    PROC_FILE("devices", show_devices),
    PROC_FILE("filesystems", show_filesystems),
    PROC_FILE("interrupts", show_interrupts),
    PROC_FILE("kmsg", show_kmsg),
    PROC_FILE("loadavg", show_loadavg),
    PROC_FILE("meminfo", show_meminfo),
    PROC_LINK("mounts", mounts_readlink, NULL),
    PROC_DIRECTORY("postern", proc_postern_entries),
    PROC_LINK("self", self_readlink, NULL),
    PROC_FILE("stat", show_stat),
    PROC_DIRECTORY("sys", sys_entries),
    PROC_LINK("thread-self", thread_self_readlink, NULL),
    PROC_FILE("uptime", show_uptime),
    PROC_FILE("version", show_version),
    {.name = NULL},
};
