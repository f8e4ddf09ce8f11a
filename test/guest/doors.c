/*
 * Every door gives the same answers and keeps every register.
 *
 * Rule: the i386 system call convention (number in eax, arguments in ebx ecx edx esi edi ebp,
 * result in eax, all else preserved), whatever instruction enters: SDM 2B SYSENTER/SYSEXIT, INT n;
 * 3A 5.8.4 call gates; APM 3 SYSCALL/SYSRET. A broken kernel loses ecx or edx to sysexit, keeps DF
 * or AC set in its own code, leaves its data segments in ds and es, empties fs, or gives user mode
 * back another ebp.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/postern.h"
#include "user/lib/syscall.h"

#define FLAG_CF 0x00001
#define FLAG_IF 0x00200
#define FLAG_DF 0x00400
#define FLAG_AC 0x40000
#define FLAG_ID 0x200000
#define KEPT    (FLAG_CF | FLAG_IF | FLAG_DF | FLAG_AC | FLAG_ID | 0x8d4)

struct state {
    uint32_t eax, ebx, ecx, edx, esi, edi, ebp, eflags;
    uint32_t ds, es, fs, gs;
};

/* Loads state, calls entry, stores what is in the registers then. */
struct state probe_state;
void (*probe_entry)(void);
void probe(void);
__asm__("\t.text\n"
        "probe:\n"
        "\tpushal\n"
        "\tmovl probe_state+28, %eax\n"
        "\tpushl %eax\n"
        "\tmovl probe_state, %eax\n"
        "\tmovl probe_state+4, %ebx\n"
        "\tmovl probe_state+8, %ecx\n"
        "\tmovl probe_state+12, %edx\n"
        "\tmovl probe_state+16, %esi\n"
        "\tmovl probe_state+20, %edi\n"
        "\tmovl probe_state+24, %ebp\n"
        "\tpopfl\n"
        "\tcall *probe_entry\n"
        "\tpushfl\n"
        "\tpopl probe_state+28\n"
        "\tpushl $2\n"
        "\tpopfl\n"
        "\tmovl %eax, probe_state\n"
        "\tmovl %ebx, probe_state+4\n"
        "\tmovl %ecx, probe_state+8\n"
        "\tmovl %edx, probe_state+12\n"
        "\tmovl %esi, probe_state+16\n"
        "\tmovl %edi, probe_state+20\n"
        "\tmovl %ebp, probe_state+24\n"
        "\tmovl %ds, %eax\n"
        "\tmovl %eax, probe_state+32\n"
        "\tmovl %es, %eax\n"
        "\tmovl %eax, probe_state+36\n"
        "\tmovl %fs, %eax\n"
        "\tmovl %eax, probe_state+40\n"
        "\tmovl %gs, %eax\n"
        "\tmovl %eax, probe_state+44\n"
        "\tpopal\n"
        "\tret\n");

struct segments {
    uint16_t ds, es, fs, gs;
};

static struct segments segments_now(void)
{
    struct segments s;

    __asm__ volatile("movw %%ds, %0; movw %%es, %1; movw %%fs, %2; movw %%gs, %3"
                     : "=m"(s.ds), "=m"(s.es), "=m"(s.fs), "=m"(s.gs));
    return s;
}

/* The C library leaves fs null, which a kernel that empties it would not change. */
static void set_fs(uint16_t selector)
{
    __asm__ volatile("movw %0, %%fs" : : "r"(selector));
}

static void check_registers(void (*entry)(void), const char *name, uint32_t flags)
{
    struct state before = {NR_getpid,  0x11111111, 0x22222222, 0x33333333,
                           0x44444444, 0x55555555, 0x66666666, flags | FLAG_IF | 2,
                           0,          0,          0,          0};
    struct segments own = segments_now();

    set_fs(own.ds);
    probe_state = before;
    probe_entry = entry;
    probe();
    set_fs(own.fs);
    struct state after = probe_state;
    ktap_equal(after.eax, getpid(), "%s: getpid with flags %x", name, flags);
    ktap_ok(after.ebx == before.ebx && after.ecx == before.ecx && after.edx == before.edx &&
                after.esi == before.esi && after.edi == before.edi && after.ebp == before.ebp,
            "%s: registers survive with flags %x", name, flags);
    ktap_equal(after.eflags & KEPT, before.eflags & KEPT, "%s: flags %x survive", name, flags);
    ktap_ok((uint16_t)after.ds == own.ds && (uint16_t)after.es == own.es &&
                (uint16_t)after.fs == own.ds && (uint16_t)after.gs == own.gs,
            "%s: segment registers survive with flags %x", name, flags);
}

/* The sixth argument of mmap2 is a page number: one that wraps with the length is EOVERFLOW on
 * 32-bit kernels, which shows that it arrived. */
static void check_six_arguments(int door, const char *name)
{
    long address = syscall_via(door, NR_mmap2, 0x30000000, 8192, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

    ktap_equal(address, 0x30000000, "%s: mmap2 takes six arguments", name);
    if (on_postern())
        ktap_equal(syscall_via(door, NR_mmap2, 0, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                               0xffffffff),
                   -EOVERFLOW, "%s: the sixth of them arrives", name);
    if (address == 0x30000000) {
        memset((void *)address, 0x5a, 8192);
        ktap_equal(syscall_via(door, NR_munmap, address, 8192, 0, 0, 0, 0), 0, "%s: munmap", name);
    }
}

static void check_entry(void (*entry)(void), const char *name)
{
    static const uint32_t flags[] = {0, FLAG_DF, FLAG_AC, FLAG_ID, FLAG_CF, 0x8d4};

    for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        check_registers(entry, name, flags[i]);
}

static void check_door(int door)
{
    const char *name = door_names[door];

    check_entry(syscall_stub(door), name);
    check_six_arguments(door, name);
    ktap_equal(syscall_via(door, 999, 0, 0, 0, 0, 0, 0), -ENOSYS, "%s: unknown number", name);
    ktap_equal(syscall_via(door, 0xffffffff, 0, 0, 0, 0, 0, 0), -ENOSYS, "%s: number -1", name);
    ktap_equal(syscall_via(door, 0x7fffffff, 0, 0, 0, 0, 0, 0), -ENOSYS, "%s: number 2^31-1", name);
}

int main(void)
{
    int doors = on_postern() ? postern_get(POSTERN_DOORS) : 1 << DOOR_INT80;

    ktap_begin();
    for (int door = 0; door < NR_DOORS; door++) {
        if (doors & 1 << door)
            check_door(door);
        else
            ktap_skip("not on this machine", "%s", door_names[door]);
    }
    if (getauxval(AT_SYSINFO))
        check_entry((void (*)(void))getauxval(AT_SYSINFO), "__kernel_vsyscall");
    else
        ktap_skip("no AT_SYSINFO", "__kernel_vsyscall");
    return ktap_end();
}
