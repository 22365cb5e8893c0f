#include "fill.h"

#if defined(__x86_64__) || defined(__i386__)

void fill_words(void *memory, uint64_t word, uint64_t size)
{
#ifdef __x86_64__
    uint64_t count = size / sizeof word;
    __asm__ volatile("rep stosq" : "+D"(memory), "+c"(count) : "a"(word) : "memory");
#else
    for (uint64_t *to = memory, *end = to + size / 8; to < end; to++) {
        *to = word; /* its halves may differ, so this is not rep stosl */
        __asm__ volatile("" : : : "memory");
    }
#endif
}

/* As the kernel's clear_page and the usual libcs' memset do on every CPU with ERMS, that is since 2012. */
void fill_zero(void *memory, uint64_t size)
{
    unsigned long count = (unsigned long)size;
    __asm__ volatile("rep stosb" : "+D"(memory), "+c"(count) : "a"(0) : "memory");
}

#else

void fill_words(void *memory, uint64_t word, uint64_t size)
{
    uint64_t *to = memory, *end = to + size / 8;
    while (to < end) {
        to[0] = word;
        to[1] = word;
        to[2] = word;
        to[3] = word;
        to[4] = word;
        to[5] = word;
        to[6] = word;
        to[7] = word;
        to += 8;
        __asm__ volatile("" : "+r"(to) : : "memory"); /* or the compiler makes a call of memset of it */
    }
}

#ifdef __aarch64__

/* DC ZVA zeroes a block without reading it, as the kernel's clear_page does. DCZID_EL0 tells the block's size. */
void fill_zero(void *memory, uint64_t size)
{
    uint64_t id;
    __asm__ volatile("mrs %0, dczid_el0" : "=r"(id));
    uint64_t block = 4ull << (id & 15);
    if (id & 16 || size % block != 0) {
        fill_words(memory, 0, size);
        return;
    }
    for (char *to = memory, *end = to + size; to < end; to += block)
        __asm__ volatile("dc zva, %0" : : "r"(to) : "memory");
}

#else

void fill_zero(void *memory, uint64_t size)
{
    fill_words(memory, 0, size);
}

#endif
#endif
