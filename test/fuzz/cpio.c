/* The reader of the initrd: entries lie inside the archive, and it comes to an end. */
#include "test/fuzz/fuzz.h"

#include "test/unit/cpio_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int entries, result = read_all(data, size, &entries);

    fuzz_require(entries == 100 || result == 0 || result == -EINVAL);
    return 0;
}
