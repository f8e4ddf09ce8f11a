/*
 * execve(2): what the new program finds, and every way to fail.
 *
 * Rule: execve(2), getauxval(3), System V i386 ABI 2.3. A broken kernel passes strings short,
 * leaves AT_PHDR wrong, loses the old program on a failure that comes late, or reads argv without
 * checks.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trampoline/layout.h"
#include "user/lib/ktap.h"
#include "user/lib/postern.h"
#include "user/lib/spawn.h"

extern char **environ;

static const char *self;

/* The child's side: checks what it was started with; its exit status names the first fault. */
static int check_start(int argc, char **argv)
{
    const Elf32_Phdr *headers = (const Elf32_Phdr *)getauxval(AT_PHDR);
    const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);
    int load = 0;

    if (argc != 5 || strcmp(argv[2], "") || strcmp(argv[3], "two words") || strlen(argv[4]) != 9000)
        return 2;
    if (argv[5])
        return 3;
    if (!getenv("A") || strcmp(getenv("A"), "1") || !getenv("EMPTY") || environ[2])
        return 4;
    if (getauxval(AT_PAGESZ) != 4096 || getauxval(AT_PHENT) != sizeof(Elf32_Phdr))
        return 5;
    if (!headers || !getauxval(AT_PHNUM) || getauxval(AT_PHNUM) > 32)
        return 6;
    for (unsigned i = 0; i < getauxval(AT_PHNUM); i++)
        load += headers[i].p_type == PT_LOAD;
    if (!load || !getauxval(AT_ENTRY))
        return 7;
    if (!random || !getauxval(AT_EXECFN) || strcmp((char *)getauxval(AT_EXECFN), argv[0]))
        return 8;
    if (on_postern() && (getauxval(AT_SYSINFO_EHDR) != GATE_VDSO || !getauxval(AT_SYSINFO)))
        return 9;
    if (getauxval(AT_SYSINFO_EHDR) && memcmp((void *)getauxval(AT_SYSINFO_EHDR), ELFMAG, SELFMAG))
        return 10;
    return 42;
}

static int exec_self(void *long_word)
{
    char *argv[] = {(char *)self, "start", "", "two words", long_word, NULL};
    char *envp[] = {"A=1", "EMPTY=", NULL};

    execve(self, argv, envp);
    return 1;
}

static int attempt(const char *path, char **argv, char **envp)
{
    return execve(path, argv, envp) == -1 ? errno : 0;
}

static void check_failures(void)
{
    char *argv[] = {"x", NULL}, *none[] = {NULL};
    char name[5000];
    char *bad_word[] = {"x", (char *)0x10, NULL};

    memset(name, 'a', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    ktap_equal(attempt("/no/such/program", argv, none), ENOENT, "no such program");
    ktap_equal(attempt("", argv, none), ENOENT, "empty path");
    ktap_equal(attempt(name, argv, none), ENAMETOOLONG, "path too long");
    ktap_equal(attempt("/dev/null", argv, none), EACCES, "not a regular file");
    ktap_equal(attempt("/", argv, none), EACCES, "a directory");
    ktap_equal(attempt((char *)0x10, argv, none), EFAULT, "path at a bad address");
    ktap_equal(attempt((char *)0xfffff000, argv, none), EFAULT, "path beyond user space");
    ktap_equal(attempt(self, (char **)0x10, none), EFAULT, "argv at a bad address");
    ktap_equal(attempt(self, bad_word, none), EFAULT, "a word of argv at a bad address");
    ktap_equal(attempt(self, argv, bad_word), EFAULT, "a word of envp at a bad address");
    if (on_postern())
        ktap_equal(attempt("/etc/motd", argv, none), EACCES, "a file without an execute bit");
    else
        ktap_skip("Postern's initrd", "a file without an execute bit");
}

/* More words than can be: E2BIG, and the old program goes on. */
static void check_too_big(void)
{
    enum { COUNT = 700000 };
    char **words = mmap(NULL, (COUNT + 1) * sizeof(char *), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t size = 1 << 18;
    char *word = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *one[] = {word, NULL}, *none[] = {NULL};

    for (int i = 0; i < COUNT; i++)
        words[i] = "word";
    memset(word, 'w', size - 1);
    ktap_equal(attempt(self, words, none), E2BIG, "too many words");
    ktap_equal(attempt(self, one, none), E2BIG, "one word too long");
    munmap(words, (COUNT + 1) * sizeof(char *));
    munmap(word, size);
}

static int exec_cloexec(void *unused)
{
    int kept = open("/dev/null", O_RDONLY), closed = open("/dev/null", O_RDONLY | O_CLOEXEC);
    char a[12], b[12];
    char *argv[] = {(char *)self, "descriptors", a, b, NULL};

    (void)unused;
    snprintf(a, sizeof(a), "%d", kept);
    snprintf(b, sizeof(b), "%d", closed);
    execve(self, argv, environ);
    return 1;
}

int main(int argc, char **argv)
{
    char byte;

    self = argv[0];
    if (argc > 1 && !strcmp(argv[1], "start"))
        return check_start(argc, argv);
    if (argc > 1 && !strcmp(argv[1], "descriptors"))
        return read(atoi(argv[2]), &byte, 1) == 0 && read(atoi(argv[3]), &byte, 1) == -1 ? 42 : 2;

    char *long_word = malloc(9001);
    memset(long_word, 'l', 9000);
    long_word[9000] = '\0';
    ktap_begin();
    ktap_equal(spawn_status(spawn_body(exec_self, long_word)), 42,
               "arguments, environment, auxiliary vector");
    ktap_equal(spawn_status(spawn_body(exec_cloexec, NULL)), 42, "O_CLOEXEC closes");
    check_failures();
    check_too_big();
    return ktap_end();
}
