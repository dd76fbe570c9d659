#define _GNU_SOURCE
#include "CLinux.h"
#include <link.h>
#include <malloc.h>

void cl_use_few_arenas(void) { mallopt(M_ARENA_MAX, 2); }

// Only segments that are never written: MADV_DONTNEED on others would lose what was written to them.
static int drop_clean_pages(struct dl_phdr_info *program, size_t size, void *context) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < program->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &program->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || segment->p_flags & PF_W) continue;
        uintptr_t start = (program->dlpi_addr + segment->p_vaddr + page - 1) & ~(page - 1);
        uintptr_t end = (program->dlpi_addr + segment->p_vaddr + segment->p_filesz) & ~(page - 1);
        if (end > start) madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 1; // the first object is the program itself; libraries are shared with others
}

void cl_release_idle_memory(void) {
    malloc_trim(0);
    dl_iterate_phdr(drop_clean_pages, NULL);
}
