/* Path resolution in a small tree with links in circles: it ends, and keeps no reference. */
#include "test/fuzz/fuzz.h"

#include "test/unit/names.h"

#include "test/fuzz/kernel_heap.h"
#include "test/fuzz/user_memory.h"

/* the kernel's finds the thread by its stack */
#define current_thread current_thread_of_stack
#include "kernel/process.h"
#undef current_thread

static struct thread walker;
static struct thread *current_thread(void)
{
    return &walker;
}

#include "kernel/fs/path.c"

struct mount mounts[MOUNTS_MAX + 1];

int inode_permission(const struct inode *inode, uint32_t mask)
{
    return inode->mode & 0111 || !(mask & MAY_EXEC) ? 0 : -EACCES;
}

/* --- the tree: names of one letter ------------------------------------------------------------ */

enum {
    ROOT,
    DIRECTORY,
    LOCKED, /* may not be searched */
    MOUNTED,
    DEEP,
    REGULAR,
    LINKS, /* from here on: to texts[] */
    JUMP = LINKS + 6,
    NR_INODES,
};

static const char *const texts[] = {"/d", "d/../d/e/", "../.././l1", "l2", "l4/", ""};

static struct inode inodes[NR_INODES];

static const struct {
    int directory;
    const char *name;
    int inode;
} entries[] = {
    {ROOT, "d", DIRECTORY},  {ROOT, "x", LOCKED},        {ROOT, "f", REGULAR},
    {ROOT, "j", JUMP},       {DIRECTORY, "e", DEEP},     {DIRECTORY, "f", REGULAR},
    {DEEP, "f", REGULAR},    {ROOT, "l0", LINKS},        {ROOT, "l1", LINKS + 1},
    {DEEP, "l2", LINKS + 2}, {ROOT, "l2", LINKS + 2},    {ROOT, "l3", LINKS + 3},
    {ROOT, "l4", LINKS + 4}, {MOUNTED, "l5", LINKS + 5}, {MOUNTED, "f", REGULAR},
};

static int lookup(struct inode *directory, const struct name *name, struct inode **found)
{
    for (unsigned i = 0; i < ARRAY_SIZE(entries); i++) {
        if (&inodes[entries[i].directory] == directory && strlen(entries[i].name) == name->length &&
            !memcmp(entries[i].name, name->bytes, name->length)) {
            *found = inode_get(&inodes[entries[i].inode]);
            return 0;
        }
    }
    return -ENOENT;
}

static ssize_t read_link(struct inode *inode, char *text)
{
    return strlcpy(text, texts[inode - &inodes[LINKS]], PATH_MAX);
}

static int jump(struct inode *inode, struct inode **target)
{
    (void)inode;
    *target = inode_get(&inodes[DEEP]);
    return 0;
}

static void release(struct inode *inode)
{
    (void)inode;
    panic("an inode of the tree lost its last reference");
}

static const struct inode_operations operations = {
    .lookup = lookup, .readlink = read_link, .release = release};
static const struct inode_operations jump_operations = {.jump = jump, .release = release};

static void make_tree(void)
{
    static const uint32_t modes[] = {
        [ROOT] = S_IFDIR | 0755,    [DIRECTORY] = S_IFDIR | 0711, [LOCKED] = S_IFDIR | 0600,
        [MOUNTED] = S_IFDIR | 0755, [DEEP] = S_IFDIR | 0755,      [REGULAR] = S_IFREG | 0644};

    for (unsigned i = 0; i < NR_INODES; i++) {
        uint32_t mode = i < LINKS ? modes[i] : S_IFLNK | 0777;
        inodes[i] = (struct inode){
            .references = 1, .mode = mode, .operations = &operations, .parent = &inodes[ROOT]};
    }
    inodes[DEEP].parent = &inodes[DIRECTORY];
    inodes[JUMP].operations = &jump_operations;
    inodes[LOCKED].mounted = &inodes[MOUNTED];
    inodes[MOUNTED].covered = &inodes[LOCKED];
    inodes[MOUNTED].parent = &inodes[MOUNTED];
}

/* Back to what make_tree() gave. */
static void check_references(void)
{
    for (unsigned i = 0; i < NR_INODES; i++)
        fuzz_require(inodes[i].references == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cwd cwd = {.references = 1, .root = &inodes[ROOT], .directory = &inodes[DEEP]};
    struct inode *found;
    struct walk walk;

    if (!size)
        return 0;
    make_tree();
    walker.cwd = &cwd;
    user_bytes = data + 1;
    user_size = size - 1;
    const unsafe_string path = {.address = USER_MEMORY};
    int error =
        path_lookup(AT_FDCWD, path, data[0] & (WALK_FOLLOW | WALK_CREATE | WALK_EMPTY), &found);
    if (!error)
        inode_put(found);
    check_references();
    if (!walk_begin(&walk, AT_FDCWD, path, 0)) {
        error = walk_to_new(&walk, data[0] & 8);
        fuzz_require(error || (walk.last.length && walk.last.length <= NAME_MAX));
        walk_end(&walk);
    }
    check_references();
    return 0;
}
