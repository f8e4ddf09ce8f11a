/*
 * A TCG plugin that counts what the guest executes in each operation, which is what lies between
 * two marks (user/bench/mark.h).
 *
 *     -plugin profile.so,out=FILE
 *
 * The file gets, for each of them, a line `operation CR3-WRITES` and then a line `ADDRESS COUNT`
 * for each instruction that was executed, kernel's and user's, in no order.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "scripts/plugin/instruction.h"
#include "scripts/plugin/qemu_plugin.h"
#include "user/bench/mark.h"

#define SLOTS (1u << 20) /* more than the distinct instructions of a boot */

int qemu_plugin_version = QEMU_PLUGIN_VERSION;

/* An instruction by its virtual address; 0: free. */
struct slot {
    uint32_t address, count;
};

static struct slot slots[SLOTS];
static bool counting;
static unsigned cr3_writes;
static FILE *out;

static struct slot *slot_of(uint32_t address)
{
    uint32_t index = address * 2654435761u % SLOTS;

    while (slots[index].address && slots[index].address != address)
        index = (index + 1) % SLOTS;
    slots[index].address = address;
    return &slots[index];
}

static void executed(unsigned cpu, void *slot)
{
    (void)cpu;
    ((struct slot *)slot)->count += counting;
}

static void cr3_written(unsigned cpu, void *data)
{
    (void)cpu, (void)data;
    cr3_writes += counting;
}

static void write_operation(void)
{
    fprintf(out, "operation %u\n", cr3_writes);
    for (unsigned i = 0; i < SLOTS; i++) {
        if (slots[i].count)
            fprintf(out, "%08x %u\n", slots[i].address, slots[i].count);
        slots[i].count = 0;
    }
    fflush(out); /* QEMU ends by exit or by signal, as the guest will have it */
}

static void marked(unsigned cpu, void *number)
{
    (void)cpu;
    if ((uintptr_t)number == MARK_END && counting)
        write_operation();
    counting = (uintptr_t)number == MARK_BEGIN;
    cr3_writes = 0;
}

static void watch(struct qemu_plugin_insn *insn)
{
    enum instruction_kind kind = instruction_kind(insn);

    if (kind == INSTRUCTION_MARK) {
        qemu_plugin_register_vcpu_insn_exec_cb(insn, marked, QEMU_PLUGIN_CB_NO_REGS,
                                               (void *)(uintptr_t)instruction_mark(insn));
        return;
    }
    qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, QEMU_PLUGIN_CB_NO_REGS,
                                           slot_of(qemu_plugin_insn_vaddr(insn)));
    if (kind == INSTRUCTION_CR3_WRITE)
        qemu_plugin_register_vcpu_insn_exec_cb(insn, cr3_written, QEMU_PLUGIN_CB_NO_REGS, NULL);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++)
        watch(qemu_plugin_tb_get_insn(tb, i));
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
    (void)info;
    if (argc != 1 || strncmp(argv[0], "out=", 4) || !(out = fopen(argv[0] + 4, "w"))) {
        fprintf(stderr, "profile: usage: -plugin profile.so,out=FILE\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
