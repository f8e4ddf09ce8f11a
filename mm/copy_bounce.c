/*
 * The copy strategy `bounce`: the gate page loads the user's directory, where the MMU checks and
 * pages are what the user sees, and copies between user memory and a buffer in the CPU's page, the
 * one place of data that both directories map. Two CR3 writes for each step, and every byte is
 * moved twice.
 *
 * Every directory maps the buffer, for ring 0. So it is wiped behind each copy: nothing of one
 * process stays there for the time when another runs.
 */
#include "kernel/string.h"
#include "mm/copy_steps.h"
#include "trampoline/gate.h"

static size_t to_kernel_step(const struct copy_job *job, size_t done, size_t size)
{
    size_t left = gate_copy(gate_buffer(0), (const void *)(job->user + done), size);

    copy_bytes(job->kernel + done, gate_buffer(0), size - left);
    return left;
}

static size_t to_user_step(const struct copy_job *job, size_t done, size_t size)
{
    copy_bytes(gate_buffer(0), job->kernel + done, size);
    return gate_copy((void *)(job->user + done), gate_buffer(0), size);
}

static size_t clear_step(const struct copy_job *job, size_t done, size_t size)
{
    return gate_clear((void *)(job->user + done), size);
}

static void wipe_buffer(size_t size)
{
    fill_bytes(gate_buffer(0), 0, MIN(size, (size_t)CPU_BUFFER_SIZE));
}

COPY_STRATEGY(bounce, CPU_BUFFER_SIZE, wipe_buffer);
