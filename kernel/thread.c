/* Threads: kernel stacks in their guarded slots, and the first step of a new thread. */
#include "arch/i386/fpu.h"
#include "arch/i386/paging.h"
#include "kernel/file.h"
#include "kernel/fs/vfs.h"
#include "kernel/process.h"
#include "kernel/resident.h"
#include "kernel/sched.h"
#include "kernel/string.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "mm/space.h"

#define NR_SLOTS    ((KSTACK_AREA_LIMIT - KSTACK_AREA) / KSTACK_STRIDE)
#define STACK_PAGES (KSTACK_SIZE / PAGE_SIZE)

static uint32_t used_slots[NR_SLOTS / 32];

static vaddr_t slot_stack(unsigned slot)
{
    return KSTACK_AREA + slot * KSTACK_STRIDE + (KSTACK_STRIDE - KSTACK_SIZE);
}

bool thread_stack_guard(vaddr_t address)
{
    return address >= KSTACK_AREA && address < KSTACK_AREA_LIMIT &&
           address % KSTACK_STRIDE < KSTACK_STRIDE - KSTACK_SIZE;
}

/* The tables of the area were made at boot, so that every shared directory has them. */
static pte_t *stack_pte(vaddr_t address)
{
    return &pte_table(kernel_directory[directory_index(address)])[table_index(address)];
}

static void stack_unmap(unsigned slot, unsigned pages)
{
    for (unsigned i = 0; i < pages; i++) {
        vaddr_t address = slot_stack(slot) + i * PAGE_SIZE;
        frame_put(pte_frame(*stack_pte(address)));
        *stack_pte(address) = (pte_t){0};
        invlpg(address);
    }
    used_slots[slot / 32] &= ~(1u << slot % 32);
}

/* The number of a slot whose stack is mapped, or -1. */
static int stack_map(void)
{
    unsigned word = 0;

    while (word < ARRAY_SIZE(used_slots) && used_slots[word] == 0xffffffff)
        word++;
    if (word == ARRAY_SIZE(used_slots))
        return -1;
    unsigned slot = word * 32 + __builtin_ctz(~used_slots[word]);
    used_slots[word] |= 1u << slot % 32;
    for (unsigned i = 0; i < STACK_PAGES; i++) {
        paddr_t frame = frame_alloc();
        if (!frame.value) {
            stack_unmap(slot, i);
            return -1;
        }
        *stack_pte(slot_stack(slot) + i * PAGE_SIZE) =
            pte_make(frame, PTE_PRESENT | PTE_WRITABLE | PTE_ACCESSED | PTE_DIRTY);
    }
    return slot;
}

/* Where switch_stack() goes the first time: finish the switch, then return into the entry. */
void thread_begin(void);
__asm__("\t.text\n"
        "thread_begin:\n"
        "\tcall sched_begin\n"
        "\tret\n");

/* From the top: a trapframe, then what unwinds: the gate's exit, entry, thread_begin, and the four
 * registers that switch_stack() pops. */
void thread_restart(struct thread *thread, void (*entry)(void))
{
    uint32_t *stack = (uint32_t *)((struct trapframe *)thread->top - 1);

    *--stack = (uint32_t)split_gate_exit;
    *--stack = (uint32_t)entry;
    *--stack = (uint32_t)thread_begin;
    stack -= 4;
    memset(stack, 0, 4 * sizeof(*stack));
    thread->kernel_esp = (uint32_t)stack;
}

struct thread *thread_create(void (*entry)(void))
{
    struct thread *thread = heap_alloc_zeroed(sizeof(*thread));
    uint8_t *fpu = heap_alloc(FPU_STATE);
    int slot = thread && fpu ? stack_map() : -1;

    if (slot < 0) {
        heap_free(thread);
        heap_free(fpu);
        return NULL;
    }
    thread->state = THREAD_SLEEPING;
    thread->fpu = fpu;
    fpu_init_state(fpu);
    list_init(&thread->queue);
    list_init(&thread->siblings);
    signal_pending_init(&thread->pending);
    ipc_init(&thread->ipc);
    thread->top = (struct stack_top *)(slot_stack(slot) + KSTACK_SIZE) - 1;
    thread->top->thread = thread;

    memset((struct trapframe *)thread->top - 1, 0, sizeof(struct trapframe));
    thread_restart(thread, entry);
    return thread;
}

void thread_free(struct thread *thread)
{
    unsigned slot = ((vaddr_t)thread->top - KSTACK_AREA) / KSTACK_STRIDE;

    stack_unmap(slot, STACK_PAGES);
    if (thread->files)
        files_put(thread->files);
    if (thread->cwd)
        cwd_put(thread->cwd);
    if (thread->space)
        space_put(thread->space);
    heap_free(thread->fpu);
    heap_free(thread);
}

void thread_stepped_into_kernel(struct thread *thread)
{
    thread->work |= WORK_STEP;
    resident_stop(); /* so that the step is not forgotten until some later call */
}
