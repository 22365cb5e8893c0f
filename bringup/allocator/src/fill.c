/* Filling, reading and copying memory, with the CPU's own instructions where they are faster. */
#include "fill.h"

void read_words(const void *memory, uint64_t size)
{
    uint64_t sum = 0;
    for (const uint64_t *from = memory, *end = from + size / 8; from < end; from += 8)
        sum ^= from[0] ^ from[1] ^ from[2] ^ from[3] ^ from[4] ^ from[5] ^ from[6] ^ from[7];
    __asm__ volatile("" : : "r"((unsigned long)(sum ^ sum >> 32))); /* or the compiler reads nothing */
}

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

void copy_words(void *to, const void *from, uint64_t size)
{
    unsigned long count = (unsigned long)size;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
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

void copy_words(void *to, const void *from, uint64_t size)
{
    uint64_t *into = to;
    for (const uint64_t *word = from, *end = word + size / 8; word < end; word += 8, into += 8) {
        uint64_t a = word[0], b = word[1], c = word[2], d = word[3], e = word[4], f = word[5], g = word[6], h = word[7];
        into[0] = a;
        into[1] = b;
        into[2] = c;
        into[3] = d;
        into[4] = e;
        into[5] = f;
        into[6] = g;
        into[7] = h;
        __asm__ volatile("" : "+r"(into) : : "memory"); /* or the compiler makes a call of memcpy of it */
    }
}

#ifdef __aarch64__

/* DC ZVA zeroes a block without reading it, as the kernel's clear_page does. DCZID_EL0 has the block's size. */
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
