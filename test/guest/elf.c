/*
 * Damaged ELF files: truncated anywhere, any header bit flipped (test/guest/mutate_elf.py).
 *
 * Rule: elf(5), execve(2): ENOEXEC for what is not a well-formed executable. A mutant that is still
 * well-formed may run and end in any way. A broken kernel crashes, hangs, or maps over itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/ktap.h"
#include "user/lib/postern.h"
#include "user/lib/spawn.h"

static int run(void *path)
{
    char *argv[] = {path, NULL}, *envp[] = {NULL};

    execve(path, argv, envp);
    return errno == ENOEXEC ? 99 : errno == EACCES || errno == ENOMEM ? 98 : 97;
}

int main(void)
{
    int refused = 0, ran = 0, strange = 0, number;
    char path[64];

    ktap_begin();
    if (!on_postern()) {
        ktap_skip("the files are in Postern's initrd", "damaged ELF files");
        return ktap_end();
    }
    ktap_equal(spawn_status(spawn_body(run, "/test/elfs/000.elf")), 42, "the sound one runs");
    ktap_equal(spawn_status(spawn_body(run, "/test/elfs/001.elf")), 99, "an empty one: ENOEXEC");
    for (number = 1;; number++) {
        snprintf(path, sizeof(path), "/test/elfs/%03d.elf", number);
        int fd = open(path, O_RDONLY);
        if (fd < 0)
            break;
        close(fd);
        int status = spawn_status(spawn_body(run, path));
        refused += status == 99 || status == 98;
        ran += status != 99 && status != 98 && status != 97;
        if (status == 97) {
            ktap_note("%s: an errno that execve does not give", path);
            strange++;
        }
    }
    ktap_note("%d files: %d refused, %d still ran", number - 1, refused, ran);
    ktap_ok(number > 100, "there are more than a hundred damaged files");
    ktap_equal(strange, 0, "none gave a strange error");
    ktap_ok(refused > ran, "most are refused");
    return ktap_end();
}
