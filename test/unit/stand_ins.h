/* What mm/ needs of the rest of the kernel, for programs of the host that include its sources. */
#ifndef TEST_UNIT_STAND_INS_H
#define TEST_UNIT_STAND_INS_H

pte_t kernel_directory[PTES_PER_TABLE];
pte_t memory_shared_entries[KERNEL_TABLES];

bool space_is_loaded(const struct space *space)
{
    (void)space;
    return false;
}
void space_flush(const struct space *space)
{
    (void)space;
}
pte_t gate_directory_entry(enum postern_isolation isolation)
{
    (void)isolation;
    return (pte_t){0};
}
void file_release(struct file *file)
{
    (void)file;
}

#endif
