/*
 * From a path to an inode, as path_resolution(7) says.
 *
 * A walk goes over a text name by name. A symbolic link's text comes in between: where the outer
 * text goes on is kept, and a name is the last one if all texts are at their ends behind it.
 */
#include "kernel/fs/vfs.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "mm/heap.h"

#define HASH_START  2166136261u /* FNV-1a: short names, no state */
#define HASH_PRIME  16777619u

#define UNREACHABLE "(unreachable)"

struct name name_make(const char *text)
{
    struct name name = {.bytes = text, .hash = HASH_START};

    while (text[name.length])
        name.hash = (name.hash ^ (uint8_t)text[name.length++]) * HASH_PRIME;
    return name;
}

/* --- the text --------------------------------------------------------------------------------- */

/* Skips slashes, and texts that are at their end; false if no name is left. */
static bool walk_more(struct walk *walk)
{
    for (;;) {
        while (*walk->rest == '/') {
            walk->rest++;
            walk->slash = true;
        }
        if (*walk->rest || !walk->depth)
            return *walk->rest;
        walk->rest = walk->outer[--walk->depth];
    }
}

/* The next name becomes the last. */
static void walk_take(struct walk *walk)
{
    const char *start = walk->rest, *p = start;
    uint32_t hash = HASH_START;

    for (; *p && *p != '/'; p++)
        hash = (hash ^ (uint8_t)*p) * HASH_PRIME;
    walk->rest = p;
    walk->slash = false;
    walk->last = (struct name){.bytes = start, .length = p - start, .hash = hash};
    walk->kind = LAST_NAME;
    if (*start == '.' && walk->last.length == 1)
        walk->kind = LAST_DOT;
    else if (*start == '.' && start[1] == '.' && walk->last.length == 2)
        walk->kind = LAST_DOTDOT;
}

/* --- steps ------------------------------------------------------------------------------------ */

static void walk_stand(struct walk *walk, struct inode *at)
{
    inode_put(walk->at);
    walk->at = at;
}

static struct inode *parent_of(const struct walk *walk, struct inode *inode)
{
    if (inode == walk->root)
        return inode;
    while (inode->covered) {
        inode = inode->covered;
        if (inode == walk->root)
            return inode;
    }
    return inode->parent;
}

static struct inode *topmost(struct inode *inode)
{
    while (unlikely(inode->mounted != NULL)) {
        struct inode *root = inode_get(inode->mounted);
        inode_put(inode);
        inode = root;
    }
    return inode;
}

int walk_last(struct walk *walk, struct inode **result)
{
    struct inode *at = walk->at;

    if (walk->kind == LAST_ROOT) { /* nothing is looked up */
        *result = inode_get(at);
        return 0;
    }
    if (!S_ISDIR(at->mode))
        return -ENOTDIR;
    bool for_all = (at->mode & 0111) == 0111; /* nearly always; then who asks does not matter */
    int error = for_all ? 0 : inode_permission(at, MAY_EXEC);
    if (error)
        return error;
    switch (walk->kind) {
    case LAST_DOT:
        *result = inode_get(at);
        return 0;
    case LAST_DOTDOT:
        *result = topmost(inode_get(parent_of(walk, at)));
        return 0;
    case LAST_ROOT:
    case LAST_NAME:
        break;
    }
    if (walk->last.length > NAME_MAX)
        return -ENAMETOOLONG;
    error = at->operations->lookup(at, &walk->last, result);
    if (!error)
        *result = topmost(*result);
    return error;
}

/* Goes on with a link's text, and with what is left of the present one behind it. */
static int walk_follow(struct walk *walk, struct inode *link)
{
    struct inode *target;

    if (walk->followed == SYMLOOPS_MAX)
        return -ELOOP;
    if (link->operations->jump) {
        int error = link->operations->jump(link, &target);
        if (error)
            return error;
        walk->texts[walk->followed++] = NULL;
        walk->kind = LAST_ROOT;
        walk_stand(walk, target);
        return 0;
    }
    char *text = heap_alloc(PATH_MAX);
    if (!text)
        return -ENOMEM;
    walk->texts[walk->followed++] = text;
    ssize_t length = link->operations->readlink(link, text);
    if (length <= 0)
        return length ? length : -ENOENT;
    walk->outer[walk->depth++] = walk->rest;
    walk->rest = text;
    walk->kind = LAST_ROOT;
    if (*text == '/')
        walk_stand(walk, inode_get(walk->root));
    return 0;
}

/* Steps into the last name, behind which there is another. */
static int walk_step(struct walk *walk)
{
    struct inode *next;
    int error = walk_last(walk, &next);

    if (error)
        return error;
    if (S_ISDIR(next->mode)) {
        walk_stand(walk, next);
        return 0;
    }
    error = S_ISLNK(next->mode) ? walk_follow(walk, next) : -ENOTDIR;
    inode_put(next);
    return error;
}

int walk_to_parent(struct walk *walk)
{
    while (walk_more(walk)) {
        walk_take(walk);
        if (!walk_more(walk))
            return 0;
        int error = walk_step(walk);
        if (error)
            return error;
    }
    return 0;
}

int walk_final(struct walk *walk, uint32_t flags, struct inode **inode)
{
    bool directory = false; /* a slash follows, be it in a text that is at its end */

    for (;;) {
        int error = walk_to_parent(walk);
        if (error)
            return error;
        if ((flags & WALK_CREATE) && walk->slash && walk->kind == LAST_NAME)
            return -EISDIR;
        error = walk_last(walk, inode);
        walk->missing = error == -ENOENT;
        if (error)
            return error;
        directory |= walk->slash;
        bool follow = (flags & WALK_FOLLOW) || directory;
        if (!S_ISLNK((*inode)->mode) || !follow || walk->kind == LAST_ROOT) {
            if (!directory || S_ISDIR((*inode)->mode))
                return 0;
            error = -ENOTDIR;
        } else {
            error = walk_follow(walk, *inode);
        }
        inode_put(*inode);
        if (error)
            return error;
    }
}

int walk_no_name(const struct walk *walk, int error)
{
    int denied = S_ISDIR(walk->at->mode) ? inode_permission(walk->at, MAY_EXEC) : -ENOTDIR;

    return denied ? denied : error;
}

int walk_to_new(struct walk *walk, bool directory)
{
    struct inode *inode;
    int error = walk_to_parent(walk);

    if (error)
        return error;
    if (walk->kind != LAST_NAME)
        return walk_no_name(walk, -EEXIST);
    error = walk_last(walk, &inode);
    if (!error) {
        inode_put(inode);
        return -EEXIST;
    }
    return error == -ENOENT && (directory || !walk->slash) ? 0 : error;
}

/* --- from where to where ---------------------------------------------------------------------- */

/* For the caller's path: nearly always there is one walk at a time, and this is its. */
static char first_path[PATH_MAX];
static bool first_path_used;

static char *path_alloc(void)
{
    if (unlikely(first_path_used))
        return heap_alloc(PATH_MAX);
    first_path_used = true;
    return first_path;
}

static void path_free(char *path)
{
    if (likely(path == first_path))
        first_path_used = false;
    else
        heap_free(path);
}

static void walk_init(struct walk *walk, struct inode *at, char *path, const char *text)
{
    walk->root = current_thread()->cwd->root;
    walk->at = inode_get(at);
    walk->path = path;
    walk->rest = text;
    walk->kind = LAST_ROOT;
    walk->slash = walk->missing = false;
    walk->followed = walk->depth = 0;
}

int walk_begin(struct walk *walk, int dirfd, unsafe_string path, uint32_t flags)
{
    struct thread *thread = current_thread();
    char *text = path_alloc();

    if (!text)
        return -ENOMEM;
    ssize_t error = copy_str_u2k(text, path, PATH_MAX);
    if (!error && !(flags & WALK_EMPTY))
        error = -ENOENT;
    struct inode *at = thread->cwd->directory;
    if (error >= 0 && *text == '/')
        at = thread->cwd->root;
    else if (error >= 0 && dirfd != AT_FDCWD) {
        struct file *file = files_lookup(thread->files, dirfd);
        at = file ? file->inode : NULL;
        if (!at)
            error = file ? -ENOTDIR : -EBADF;
        else if (*text && !S_ISDIR(at->mode))
            error = -ENOTDIR;
    }
    if (error < 0) {
        path_free(text);
        return error;
    }
    walk_init(walk, at, text, text);
    return 0;
}

void walk_begin_kernel(struct walk *walk, const char *path)
{
    struct cwd *cwd = current_thread()->cwd;

    walk_init(walk, *path == '/' ? cwd->root : cwd->directory, NULL, path);
}

void walk_end(struct walk *walk)
{
    inode_put(walk->at);
    while (walk->followed)
        heap_free(walk->texts[--walk->followed]);
    path_free(walk->path);
}

int path_lookup(int dirfd, unsafe_string path, uint32_t flags, struct inode **inode)
{
    struct walk walk;
    int error = walk_begin(&walk, dirfd, path, flags);

    if (error)
        return error;
    error = walk_final(&walk, flags, inode);
    walk_end(&walk);
    return error;
}

/* --- and back --------------------------------------------------------------------------------- */

/* Puts bytes before start. NULL: no room. */
static char *prepend(const char *buffer, char *start, const char *bytes, size_t length)
{
    if (!start || length > (size_t)(start - buffer))
        return NULL;
    return memcpy(start - length, bytes, length);
}

char *path_of(struct inode *inode, struct inode *root, char *buffer)
{
    char *start = buffer + PATH_MAX - 1;

    *start = '\0';
    while (inode != root && start) {
        struct inode *directory;
        struct name name;
        if (inode == mounts[0].root)
            break;
        if (inode->covered) {
            inode = inode->covered;
            continue;
        }
        if (!inode->operations->locate || inode->operations->locate(inode, &directory, &name))
            return NULL;
        start = prepend(buffer, start, name.bytes, name.length);
        start = prepend(buffer, start, "/", 1);
        inode = directory;
    }
    if (start && !*start)
        start = prepend(buffer, start, "/", 1);
    if (inode != root)
        start = prepend(buffer, start, UNREACHABLE, sizeof(UNREACHABLE) - 1);
    return start;
}
