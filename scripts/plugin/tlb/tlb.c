/*
 * A TCG plugin that models TLBs and caches: what a program's operations would do to those of real
 * CPUs, several at once, in the order in which QEMU executes them.
 *
 *     -plugin tlb.so,out=FILE,memory=MIB,cpu=DESCRIPTION[,cpu=DESCRIPTION...]
 *
 * DESCRIPTION is machine_add()'s; the file is operation.h's.
 *
 * What it does not see: speculation, prefetching, accesses that fault, and task switches by
 * hardware.
 */
#include <stdio.h>
#include <string.h>

#include "scripts/plugin/instruction.h"
#include "scripts/plugin/qemu_plugin.h"
#include "scripts/plugin/tlb/guest.h"
#include "scripts/plugin/tlb/interrupt.h"
#include "scripts/plugin/tlb/machine.h"
#include "scripts/plugin/tlb/operation.h"
#include "user/bench/mark.h"

#define MAX_ACCESS 16 /* bytes */

int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static uint64_t instructions;
static uint32_t last_access; /* address of the latest access to data */
static bool fetched_by_user; /* the latest instruction's line is user mode's */

/* --- marks ----------------------------------------------------------------------------------- */

static void marked(unsigned cpu, void *number)
{
    (void)cpu;
    switch ((uintptr_t)number) {
    case MARK_BEGIN:
        operation_begin(instructions);
        recent_forget(); /* or their pages would not be counted */
        break;
    case MARK_END:
        operation_end(instructions);
        break;
    case MARK_CELL:
        operation_next_cell();
        break;
    }
}

/* --- accesses -------------------------------------------------------------------------------- */

static void fetch_byte(uint32_t address)
{
    const struct page *page = guest_page(address);

    if (page)
        machines_fetch(page, address);
    fetched_by_user = page && page->content & PTE_USER;
}

static void fetched(unsigned cpu, void *data)
{
    struct fetch fetch = fetch_unpack(data);
    uint32_t last = fetch.address + fetch.size - 1;

    (void)cpu;
    if (!recent_has(&recent_fetches, fetch.address) && guest_is_paged()) {
        fetch_byte(fetch.address);
        if (guest_wants_proof())
            guest_prove(fetch.address, fetch.paddr);
    }
    if (last / GUEST_LINE != fetch.address / GUEST_LINE && guest_is_paged())
        fetch_byte(last);
}

static void access_byte(uint32_t address)
{
    const struct page *page = guest_page(address);

    if (page)
        machines_access(page, address);
}

static void prove_access(qemu_plugin_meminfo_t info, uint32_t address)
{
    struct qemu_plugin_hwaddr *where = qemu_plugin_get_hwaddr(info, address);

    if (where && !qemu_plugin_hwaddr_is_io(where))
        guest_prove(address, qemu_plugin_hwaddr_phys_addr(where));
}

static void accessed(unsigned cpu, qemu_plugin_meminfo_t info, uint64_t where, void *data)
{
    uint32_t address = where, last = address;

    (void)cpu, (void)data;
    last_access = address;
    if (!recent_has(&recent_accesses, address) && guest_is_paged()) {
        access_byte(address);
        if (guest_wants_proof())
            prove_access(info, address);
    }
    if (address % GUEST_LINE > GUEST_LINE - MAX_ACCESS)
        last += (1u << qemu_plugin_mem_size_shift(info)) - 1;
    if (last / GUEST_LINE != address / GUEST_LINE && guest_is_paged())
        access_byte(last);
}

/* --- interrupts ------------------------------------------------------------------------------ */

static void delivered(unsigned cpu, void *vector)
{
    uint32_t addresses[INTERRUPT_ACCESSES];

    (void)cpu;
    if (!guest_is_paged())
        return;
    if ((uintptr_t)vector == VECTOR_PAGE_FAULT)
        instructions--; /* what faulted was counted at its start, unless it was its fetch */
    unsigned n = interrupt_accesses((uintptr_t)vector, fetched_by_user, addresses);
    for (unsigned i = 0; i < n; i++)
        access_byte(addresses[i]);
}

/* LGDT and LIDT read two bytes of limit, then four of base. */
static void table_loaded(unsigned cpu, qemu_plugin_meminfo_t info, uint64_t address, void *table)
{
    (void)cpu;
    if (guest_is_paged() && qemu_plugin_mem_size_shift(info) == 2)
        interrupt_set_table((uintptr_t)table, guest_read(address));
}

/* --- flushes --------------------------------------------------------------------------------- */

static void cr3_was_read(unsigned cpu, void *data)
{
    (void)cpu, (void)data;
    guest_save_cr3();
}

static void cr3_written(unsigned cpu, void *data)
{
    struct cr3_source source = cr3_source_unpack(data);

    (void)cpu;
    switch (source.kind) {
    case CR3_CONSTANT:
        guest_write_cr3(source.constant);
        break;
    case CR3_MEMORY:
        guest_write_cr3(guest_read(last_access));
        break;
    case CR3_OTHER:
        guest_restore_cr3();
        break;
    }
    recent_forget();
}

static void cr4_written(unsigned cpu, void *data)
{
    (void)cpu, (void)data;
    guest_write_cr4();
    recent_forget();
}

static void page_invalidated(unsigned cpu, void *data)
{
    (void)cpu, (void)data;
    guest_invlpg();
    recent_forget();
}

/* --- instrumentation ------------------------------------------------------------------------- */

static void watch_table(struct qemu_plugin_insn *insn, enum descriptor_table table)
{
    qemu_plugin_register_vcpu_mem_cb(insn, table_loaded, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW,
                                     (void *)(uintptr_t)table);
}

/* Besides its fetch and its accesses. before: the one in front of it, NULL: not known. */
static void watch_kind(struct qemu_plugin_insn *insn, struct qemu_plugin_insn *before)
{
    switch (instruction_kind(insn)) {
    case INSTRUCTION_CR3_READ:
        qemu_plugin_register_vcpu_insn_exec_cb(insn, cr3_was_read, QEMU_PLUGIN_CB_NO_REGS, NULL);
        break;
    case INSTRUCTION_CR3_WRITE:
        qemu_plugin_register_vcpu_insn_exec_cb(insn, cr3_written, QEMU_PLUGIN_CB_NO_REGS,
                                               cr3_source_pack(cr3_source(insn, before)));
        break;
    case INSTRUCTION_CR4_WRITE:
        qemu_plugin_register_vcpu_insn_exec_cb(insn, cr4_written, QEMU_PLUGIN_CB_NO_REGS, NULL);
        break;
    case INSTRUCTION_INVLPG:
        qemu_plugin_register_vcpu_insn_exec_cb(insn, page_invalidated, QEMU_PLUGIN_CB_NO_REGS,
                                               NULL);
        break;
    case INSTRUCTION_LGDT:
        watch_table(insn, TABLE_GDT);
        break;
    case INSTRUCTION_LIDT:
        watch_table(insn, TABLE_IDT);
        break;
    case INSTRUCTION_MARK:
    case INSTRUCTION_ORDINARY:
        break;
    }
}

/* An instruction that lies in the line of the one before it needs no look at its fetch. */
static bool begins_line(const struct qemu_plugin_insn *insn, const struct qemu_plugin_insn *before)
{
    uint32_t last = qemu_plugin_insn_vaddr(insn) + qemu_plugin_insn_size(insn) - 1;

    return !before || qemu_plugin_insn_vaddr(before) / GUEST_LINE != last / GUEST_LINE;
}

static void watch(struct qemu_plugin_insn *insn, struct qemu_plugin_insn *before)
{
    uint32_t address = qemu_plugin_insn_vaddr(insn);
    struct fetch fetch = {address, guest_locate(address, qemu_plugin_insn_haddr(insn)),
                          qemu_plugin_insn_size(insn)};

    if (begins_line(insn, before))
        qemu_plugin_register_vcpu_insn_exec_cb(insn, fetched, QEMU_PLUGIN_CB_NO_REGS,
                                               fetch_pack(fetch));
    watch_kind(insn, before);
    qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64, &instructions, 1);
    qemu_plugin_register_vcpu_mem_cb(insn, accessed, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW,
                                     NULL);
}

/* A handler begins a block, since it is not reached from the instruction in front of it. */
static void watch_handler(struct qemu_plugin_insn *first)
{
    int vector =
        guest_is_paged() ? interrupt_vector_at(qemu_plugin_insn_vaddr(first)) : INTERRUPT_NONE;

    if (vector != INTERRUPT_NONE)
        qemu_plugin_register_vcpu_insn_exec_cb(first, delivered, QEMU_PLUGIN_CB_NO_REGS,
                                               (void *)(uintptr_t)vector);
}

/* Marks are as if they were not there: neither counted nor fetched. */
static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    struct qemu_plugin_insn *before = NULL;

    (void)id;
    watch_handler(qemu_plugin_tb_get_insn(tb, 0));
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        if (instruction_kind(insn) == INSTRUCTION_MARK) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, marked, QEMU_PLUGIN_CB_NO_REGS,
                                                   (void *)(uintptr_t)instruction_mark(insn));
            before = NULL;
        } else {
            watch(insn, before);
            before = insn;
        }
    }
}

/* --- begin and end --------------------------------------------------------------------------- */

static void ended(qemu_plugin_id_t id, void *data)
{
    (void)id, (void)data;
    operation_write_end();
}

static bool take_options(int argc, char **argv)
{
    unsigned mib;

    if (argc < 3 || strncmp(argv[0], "out=", 4) || !operation_write_to(argv[0] + 4) ||
        sscanf(argv[1], "memory=%u", &mib) != 1)
        return false;
    guest_set_memory(mib << 20);
    for (int i = 2; i < argc; i++) {
        if (strncmp(argv[i], "cpu=", 4) || !machine_add(argv[i] + 4))
            return false;
    }
    return true;
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
    (void)info;
    if (!take_options(argc, argv)) {
        fprintf(stderr, "tlb: usage: -plugin tlb.so,out=FILE,memory=MIB,cpu=DESCRIPTION...\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
