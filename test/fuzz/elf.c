/* The ELF loader's reader of headers: what it accepts is what the loader counts on. */
#include "test/fuzz/fuzz.h"

#include "test/unit/elf_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader reader = {data, size};
    struct elf_image image;
    int result = elf_parse(read_bytes, &reader, size, &image);

    fuzz_require(result ? result == -ENOEXEC : invariants_hold(&image, size));
    return 0;
}
