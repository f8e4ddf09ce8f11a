#include "kernel/exec.h"

#include "arch/i386/cpu.h"
#include "arch/i386/fpu.h"
#include "arch/i386/switch.h"
#include "kernel/arguments.h"
#include "kernel/elf.h"
#include "kernel/file.h"
#include "kernel/fs/vfs.h"
#include "kernel/futex.h"
#include "kernel/knobs.h"
#include "kernel/process.h"
#include "kernel/random.h"
#include "kernel/resident.h"
#include "kernel/script.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "mm/heap.h"
#include "mm/space.h"

#define STACK_MAX      (8u << 20) /* Linux's default RLIMIT_STACK */
#define STACK_TOP      USER_LIMIT
#define PIE_BASE       0x56555000u /* where a 32-bit Linux puts one without randomisation */
#define AT_RANDOM_SIZE 16

/* elf(5), getauxval(3) */
enum {
    AT_NULL,
    AT_PHDR = 3,
    AT_PHENT,
    AT_PHNUM,
    AT_PAGESZ,
    AT_BASE,
    AT_FLAGS,
    AT_ENTRY,
    AT_UID = 11,
    AT_EUID,
    AT_GID,
    AT_EGID,
    AT_PLATFORM,
    AT_HWCAP,
    AT_CLKTCK,
    AT_SECURE = 23,
    AT_RANDOM = 25,
    AT_EXECFN = 31,
    AT_SYSINFO = 32,
    AT_SYSINFO_EHDR = 33,
};

/* A program on its way into memory. */
struct program {
    struct file *file;
    struct elf_image image;
    uint32_t bias; /* what a relocatable program's addresses are moved by */
    struct space *space;
    vaddr_t stack; /* the first value of esp */
    struct strings strings;
};

/* --- the image ----------------------------------------------------------------------------------
 */

static ssize_t read_program(void *file, uint32_t offset, void *buffer, size_t size)
{
    return file_read_at(file, buffer, size, offset);
}

/*
 * The file's bytes around the segment share its first and last page, as with any mapping of the
 * file; where the segment goes on behind its bytes in the file, there are zeroes.
 */
static int map_segment(struct program *program, const struct elf_segment *segment)
{
    vaddr_t start = segment->address + program->bias;
    vaddr_t first = ROUND_DOWN(start, PAGE_SIZE);
    vaddr_t file_end = start + segment->file_size;
    struct region model = {
        .flags = (segment->readable ? REGION_READ : 0) | (segment->writable ? REGION_WRITE : 0) |
                 (segment->executable ? REGION_EXEC : 0),
        .file = segment->file_size ? program->file : NULL,
        .page = segment->offset >> PAGE_SHIFT,
        .file_end =
            segment->memory_size > segment->file_size ? file_end : ROUND_UP(file_end, PAGE_SIZE),
    };

    if (!segment->memory_size)
        return 0;
    return space_map(program->space, first, ROUND_UP(start + segment->memory_size, PAGE_SIZE),
                     &model);
}

static int map_image(struct program *program)
{
    const struct elf_image *image = &program->image;

    if (image->relocatable)
        program->bias = PIE_BASE - ROUND_DOWN(image->low, PAGE_SIZE);
    for (unsigned i = 0; i < image->nr_segments; i++) {
        int error = map_segment(program, &image->segments[i]);
        if (error)
            return error == -EINVAL ? -ENOEXEC : error;
    }
    program->space->brk_start = program->space->brk =
        ROUND_UP(image->high + program->bias, PAGE_SIZE);

    struct region stack = {
        .flags = REGION_READ | REGION_WRITE | REGION_STACK,
        .limit = STACK_TOP - STACK_MAX,
    };
    if (image->executable_stack)
        stack.flags |= REGION_EXEC;
    int error = space_map(program->space, STACK_TOP - PAGE_SIZE, STACK_TOP, &stack);
    return error == -EINVAL ? -ENOEXEC : error;
}

/* --- the stack ----------------------------------------------------------------------------------
 */

/*
 * What a program finds at its first esp (System V i386 ABI 2.3.2, as Linux lays it out):
 *
 *     argc | argv[0..argc-1] 0 | envp[] 0 | auxv pairs | ... strings: execfn argv envp | 0
 */
struct stack_writer {
    struct space *space;
    vaddr_t address;
    int error;
};

static void put(struct stack_writer *w, uint32_t word)
{
    if (!w->error)
        w->error = space_write(w->space, w->address, &word, sizeof(word));
    w->address += sizeof(word);
}

/* Pointers to count strings that begin at offset in the block at base; returns the offset behind.
 */
static uint32_t put_pointers(struct stack_writer *w, const struct arguments *arguments,
                             uint32_t offset, uint32_t count, vaddr_t base)
{
    while (count--) {
        put(w, base + offset);
        offset += arguments_length(arguments, offset);
    }
    put(w, 0);
    return offset;
}

static unsigned fill_auxv(uint32_t (*auxv)[2], const struct program *program, vaddr_t execfn,
                          vaddr_t random, vaddr_t platform)
{
    const struct elf_image *image = &program->image;
    const struct credentials *credentials = &current_process()->credentials;
    const uint32_t values[][2] = {
        {AT_SYSINFO, gate_vsyscall(current_process()->door_next)},
        {AT_SYSINFO_EHDR, GATE_VDSO},
        {AT_HWCAP, cpu.capability},
        {AT_PAGESZ, PAGE_SIZE},
        {AT_CLKTCK, 100},
        {AT_PHDR, image->headers ? image->headers + program->bias : 0},
        {AT_PHENT, image->header_size},
        {AT_PHNUM, image->nr_headers},
        {AT_BASE, 0},
        {AT_FLAGS, 0},
        {AT_ENTRY, image->entry + program->bias},
        {AT_UID, credentials->user.real},
        {AT_EUID, credentials->user.effective},
        {AT_GID, credentials->group.real},
        {AT_EGID, credentials->group.effective},
        {AT_SECURE, 0},
        {AT_RANDOM, random},
        {AT_EXECFN, execfn},
        {AT_PLATFORM, platform},
        {AT_NULL, 0},
    };

    memcpy(auxv, values, sizeof(values));
    return ARRAY_SIZE(values);
}

#define AUXV_MAX 24

static int fill_stack(struct program *program, const struct arguments *arguments)
{
    static const char platform_name[] = "i686";
    vaddr_t strings = STACK_TOP - sizeof(uint32_t) - arguments->size;
    vaddr_t platform = strings - sizeof(platform_name);
    vaddr_t random = ROUND_DOWN(platform - AT_RANDOM_SIZE, 16);
    uint32_t auxv[AUXV_MAX][2];
    unsigned nr_auxv = fill_auxv(auxv, program, strings, random, platform);
    uint32_t words = 1 + arguments->argc + 1 + arguments->envc + 1 + 2 * nr_auxv;
    struct stack_writer w = {
        .space = program->space,
        .address = ROUND_DOWN(random - words * sizeof(uint32_t), 16),
    };
    uint8_t bytes[AT_RANDOM_SIZE];

    program->stack = w.address;
    random_bytes(bytes, sizeof(bytes));
    int error = arguments_write(arguments, program->space, strings);
    if (!error)
        error = space_write(program->space, platform, platform_name, sizeof(platform_name));
    if (!error)
        error = space_write(program->space, random, bytes, sizeof(bytes));
    if (error)
        return error;

    put(&w, arguments->argc);
    uint32_t offset = arguments_length(arguments, 0); /* behind the program's own name */
    program->strings.arguments = strings + offset;
    offset = put_pointers(&w, arguments, offset, arguments->argc, strings);
    program->strings.environment = strings + offset;
    offset = put_pointers(&w, arguments, offset, arguments->envc, strings);
    program->strings.end = strings + offset;
    for (unsigned i = 0; i < nr_auxv; i++) {
        put(&w, auxv[i][0]);
        put(&w, auxv[i][1]);
    }
    return w.error;
}

/* --- from one program to the next ------------------------------------------------------------ */

static int load(struct program *program, const char *path, const struct arguments *arguments)
{
    struct process *process = current_process();
    uint32_t size;
    int error = file_open_program(path, &program->file, &size);

    if (error)
        return error;
    error = elf_parse(read_program, program->file, size, &program->image);
    if (!error) {
        enum postern_copy copy =
            current_thread()->space ? current_thread()->space->copy : (unsigned)knobs.copy;
        if (!copy_serves(copy, process->isolation_next))
            copy = COPY_WALK;
        program->space = space_create(process->isolation_next, copy);
        if (program->space && process->resident_next)
            space_set_resident(program->space);
        error = program->space ? map_image(program) : -ENOMEM;
    }
    if (!error)
        error = fill_stack(program, arguments);
    if (!error)
        program->space->stack_limit = limit_of_stack(process);
    if (error && program->space)
        space_put(program->space);
    file_put(program->file);
    return error;
}

static void name_process(struct process *process, const char *path)
{
    const char *slash = strrchr(path, '/');

    strlcpy(process->name, slash ? slash + 1 : path, sizeof(process->name));
}

/* What the new program must not share with anybody. */
static int unshare(struct thread *thread)
{
    struct process *process = thread->process;

    if (process->sighand->references > 1) {
        struct sighand *own = sighand_clone(process->sighand);
        if (!own)
            return -ENOMEM;
        sighand_put(process->sighand);
        process->sighand = own;
    }
    return files_unshare(&thread->files);
}

/* The thread's own state, which a new program starts without. */
static void reset_thread(struct thread *thread)
{
    memset(thread->tls, 0, sizeof(thread->tls));
    switch_tls(thread);
    load_fs_gs(0, 0);
    fpu_reset();
    thread->altstack = (struct sigaltstack){.flags = 0};
}

/* Nothing can fail from here on: the old program is gone. */
static void enter(const struct program *program, const char *path)
{
    struct thread *thread = current_thread();
    struct process *process = thread->process;
    struct space *old = thread->space;
    struct trapframe *tf = current_trapframe();

    if (old)
        futex_thread_exit(thread);
    interrupts_disable();
    thread->space = program->space;
    switch_space(program->space);
    resident_update(thread);
    reset_thread(thread);
    interrupts_enable();
    if (old)
        space_put(old);
    vfork_finish(thread);
    ipc_leave(thread);
    files_close_on_exec(thread->files);
    sighand_reset(process->sighand);
    process->exit_signal = SIGCHLD;
    process->has_execed = true;
    name_process(process, path);
    process->strings = program->strings;

    uint32_t vector = tf->vector;
    memset(tf, 0, sizeof(*tf));
    tf->vector = vector;
    tf->ds = tf->es = tf->ss = USER_DS;
    tf->cs = USER_CS;
    tf->eip = program->image.entry + program->bias;
    tf->esp = program->stack;
    tf->eflags = EFLAGS_FIXED | EFLAGS_IF;
    uint32_t flags = interrupts_save();
    thread->work |= WORK_EXEC;
    interrupts_restore(flags);
}

/* name: what the process is called after, which is not its program for a script. */
static int exec(const char *name, const char *path, const struct arguments *arguments)
{
    struct program *program = heap_alloc_zeroed(sizeof(*program));
    if (!program)
        return -ENOMEM;

    int error = load(program, path, arguments);
    if (!error) {
        error = unshare(current_thread());
        if (!error)
            error = process_become_single();
        if (error)
            space_put(program->space);
        else
            enter(program, name);
    }
    heap_free(program);
    return error;
}

static int read_script(const char *path, struct script *script)
{
    struct file *file;
    uint32_t size;
    int error = file_open_program(path, &file, &size);

    if (error)
        return error;
    ssize_t length = file_read_at(file, script->line, SCRIPT_LINE, 0);
    file_put(file);
    return length < 0 ? (int)length : script_parse(script, length);
}

#define SCRIPTS_MAX 5 /* interpreters that are scripts themselves */

/* The program at path, or the one that reads it if it is a script. */
static int exec_any(const char *name, const char *path, const struct arguments *arguments,
                    unsigned depth)
{
    int error = exec(name, path, arguments);
    if (error != -ENOEXEC)
        return error;
    if (depth == SCRIPTS_MAX)
        return -ELOOP;
    struct script *script = heap_alloc(sizeof(*script));
    if (!script)
        return -ENOMEM;

    error = read_script(path, script);
    if (!error) {
        struct arguments *own = script_arguments(script, path, arguments, &error);
        if (own) {
            error = exec_any(name, script->interpreter, own, depth + 1);
            arguments_free(own);
        }
    }
    heap_free(script);
    return error;
}

static int read_and_exec(char *name, unsafe_string path, unsafe_strings argv, unsafe_strings envp)
{
    ssize_t length = copy_str_u2k(name, path, PATH_MAX);
    if (length < 0)
        return length;
    struct arguments *arguments = arguments_create();
    if (!arguments)
        return -ENOMEM;

    int error = arguments_add(arguments, name);
    if (!error)
        error = arguments_add_vector(arguments, argv, &arguments->argc);
    /* a program may count on argv[0], so Linux gives it an empty one */
    if (!error && !arguments->argc) {
        error = arguments_add(arguments, "");
        arguments->argc = 1;
    }
    if (!error)
        error = arguments_add_vector(arguments, envp, &arguments->envc);
    if (!error)
        error = exec_any(name, name, arguments, 0);
    arguments_free(arguments);
    return error;
}

SYSCALL_DEFINE3(execve, unsafe_string, path, unsafe_strings, argv, unsafe_strings, envp)
{
    char *name = heap_alloc(PATH_MAX);

    if (!name)
        return -ENOMEM;
    int error = read_and_exec(name, path, argv, envp);
    heap_free(name);
    return error;
}

/* Appends the words of text. */
static int add_words(struct arguments *arguments, const char *text)
{
    char word[128];

    while (*text) {
        size_t length = 0;
        while (text[length] && text[length] != ' ')
            length++;
        if (length >= sizeof(word))
            return -E2BIG;
        if (length) {
            memcpy(word, text, length);
            word[length] = '\0';
            int error = arguments_add(arguments, word);
            if (error)
                return error;
            arguments->argc++;
        }
        text += length;
        while (*text == ' ')
            text++;
    }
    return 0;
}

int exec_init(const char *path, const char *words)
{
    static const char *const environment[] = {"HOME=/", "TERM=linux", "PATH=/bin"};
    struct arguments *arguments = arguments_create();
    if (!arguments)
        return -ENOMEM;

    int error = arguments_add(arguments, path);
    if (!error)
        error = arguments_add(arguments, path);
    arguments->argc = 1;
    if (!error)
        error = add_words(arguments, words);
    for (unsigned i = 0; !error && i < ARRAY_SIZE(environment); i++)
        error = arguments_add(arguments, environment[i]);
    arguments->envc = ARRAY_SIZE(environment);
    if (!error)
        error = exec_any(path, path, arguments, 0);
    arguments_free(arguments);
    return error;
}
