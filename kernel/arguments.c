#include "kernel/arguments.h"

#include "kernel/string.h"
#include "mm/heap.h"

_Static_assert(sizeof(struct arguments) <= HEAP_MAX, "arguments fit a heap object");

struct arguments *arguments_create(void)
{
    return heap_alloc_zeroed(sizeof(struct arguments));
}

void arguments_free(struct arguments *arguments)
{
    for (unsigned i = 0; i < ARGUMENTS_PAGES; i++)
        heap_free(arguments->pages[i]);
    heap_free(arguments);
}

/* Where the next byte goes, and in *room how many fit there. NULL with *error if there is no place.
 */
static char *arguments_end(struct arguments *arguments, size_t *room, int *error)
{
    uint32_t page = arguments->size / PAGE_SIZE, offset = arguments->size % PAGE_SIZE;

    *error = -E2BIG;
    if (page >= ARGUMENTS_PAGES)
        return NULL;
    *error = -ENOMEM;
    if (!arguments->pages[page])
        arguments->pages[page] = heap_alloc(PAGE_SIZE);
    *room = PAGE_SIZE - offset;
    return arguments->pages[page] ? arguments->pages[page] + offset : NULL;
}

static int add_bytes(struct arguments *arguments, const char *string, size_t left)
{
    while (left) {
        size_t room;
        int error;
        char *end = arguments_end(arguments, &room, &error);
        if (!end)
            return error;
        size_t part = MIN(left, room);
        memcpy(end, string, part);
        arguments->size += part;
        string += part;
        left -= part;
    }
    return 0;
}

int arguments_add(struct arguments *arguments, const char *string)
{
    return add_bytes(arguments, string, strlen(string) + 1);
}

int arguments_append(struct arguments *arguments, const struct arguments *other, uint32_t offset)
{
    while (offset < other->size) {
        size_t part = MIN(other->size - offset, PAGE_SIZE - offset % PAGE_SIZE);
        int error =
            add_bytes(arguments, other->pages[offset / PAGE_SIZE] + offset % PAGE_SIZE, part);
        if (error)
            return error;
        offset += part;
    }
    return 0;
}

static int add_user_string(struct arguments *arguments, unsafe_string string)
{
    uint32_t start = arguments->size;

    for (;;) {
        size_t room;
        int error;
        char *end = arguments_end(arguments, &room, &error);
        if (!end)
            return error;
        ssize_t length = copy_str_u2k(end, string, room);
        if (length >= 0) {
            arguments->size += length + 1;
            return 0;
        }
        if (length != -ENAMETOOLONG)
            return length;
        /* the last byte of the page became a terminator: that one is read on its own */
        string = unsafe_element(string, room - 1);
        if (unsafe_peek8((uint8_t *)end + room - 1, unsafe_as_bytes(string)))
            return -EFAULT;
        arguments->size += room;
        if (!end[room - 1])
            return 0;
        string = unsafe_element(string, 1);
        if (arguments->size - start >= ARGUMENT_MAX)
            return -E2BIG;
    }
}

int arguments_add_vector(struct arguments *arguments, unsafe_strings vector, uint32_t *count)
{
    *count = 0;
    if (unsafe_is_null(vector))
        return 0;
    for (;;) {
        unsafe_string string;
        int error = copy_object_u2k(&string, unsafe_element(vector, *count));
        if (error || unsafe_is_null(string))
            return error;
        error = add_user_string(arguments, string);
        if (error)
            return error;
        ++*count;
        /* each also costs a pointer in the new stack */
        if (*count * sizeof(vaddr_t) > ARGUMENTS_PAGES * PAGE_SIZE - arguments->size)
            return -E2BIG;
    }
}

int arguments_write(const struct arguments *arguments, struct space *space, vaddr_t address)
{
    for (uint32_t done = 0; done < arguments->size; done += PAGE_SIZE) {
        size_t part = MIN(arguments->size - done, (uint32_t)PAGE_SIZE);
        int error = space_write(space, address + done, arguments->pages[done / PAGE_SIZE], part);
        if (error)
            return error;
    }
    return 0;
}

uint32_t arguments_length(const struct arguments *arguments, uint32_t offset)
{
    uint32_t end = offset;

    while (arguments->pages[end / PAGE_SIZE][end % PAGE_SIZE])
        end++;
    return end + 1 - offset;
}
