/* Tracing of a kernel that there is not: fields at places of its own, so that who reads it has to ask the formats. */
#include "trace.h"

#include "text.h"
#include "trace_scripted.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PIECE 32768u
#define HEADER 24u
#define LOST (1u << 31)

char trace_path[160];

static struct tracing {
    bool on;
    uint32_t used;
    uint64_t counted[2]; /* pages that the CMA area gave, and got back */
    unsigned char bytes[PIECE];
} *tracing; /* shared with the process that is traced */

static const char header_page[] = "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
                                  "\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
                                  "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
                                  "\tfield: char data;\toffset:24;\tsize:4072;\tsigned:0;\n";
static const char common[] = "format:\n\tfield:int common_pid;\toffset:0;\tsize:4;\tsigned:1;\n"
                             "\tfield:unsigned short common_type;\toffset:4;\tsize:2;\tsigned:0;\n\n";

static const struct {
    const char *event;
    unsigned id;
    const char *fields;
} known[] = {
    {"kmem/mm_page_alloc", 501,
     "\tfield:unsigned int order;\toffset:8;\tsize:4;\tsigned:0;\n"
     "\tfield:gfp_t gfp_flags;\toffset:12;\tsize:4;\tsigned:0;\n"
     "\tfield:unsigned long pfn;\toffset:16;\tsize:8;\tsigned:0;\n"},
    {"kmem/mm_page_free", 502,
     "\tfield:unsigned int order;\toffset:8;\tsize:4;\tsigned:0;\n"
     "\tfield:unsigned long pfn;\toffset:12;\tsize:8;\tsigned:0;\n"},
    {"cma/cma_alloc_finish", 503,
     "\tfield:unsigned long pfn;\toffset:8;\tsize:8;\tsigned:0;\n"
     "\tfield:unsigned long count;\toffset:16;\tsize:8;\tsigned:0;\n"
     "\tfield:int errorno;\toffset:24;\tsize:4;\tsigned:1;\n"
     "\tfield:__data_loc char[] name;\toffset:28;\tsize:4;\tsigned:0;\n"
     "\tfield:unsigned int align;\toffset:32;\tsize:4;\tsigned:0;\n"},
};

int trace_find(void)
{
    strcpy(trace_path, "/sys/kernel/tracing/instances");
    return fault("no_tracing") ? ENOENT : fault("tracing_denied") ? EACCES : 0;
}

int trace_begin(void)
{
    tracing = mmap(NULL, sizeof *tracing, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    strcpy(trace_path, "/sys/kernel/tracing");
    return tracing == MAP_FAILED ? errno : 0;
}

void trace_end(void)
{
}

int trace_format(const char *event, char *text, size_t capacity)
{
    if (strcmp(event, "header_page") == 0)
        return format_text(text, capacity, "%s", header_page) ? 0 : ENOSPC;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].event, event) == 0)
            return format_text(text, capacity, "name: %s\nID: %u\n%s%s", event, known[i].id, common, known[i].fields)
                       ? 0
                       : ENOSPC;
    return ENOENT;
}

int trace_process(pid_t pid, char *const *events)
{
    (void)pid;
    (void)events;
    tracing->on = true;
    tracing->used = 0;
    return 0;
}

int trace_take(void (*each)(const void *bytes, size_t size))
{
    static unsigned char piece[HEADER + PIECE];
    uint32_t commit = tracing->used | (fault("trace_lost") ? LOST : 0);
    memset(piece, 0, HEADER);
    memcpy(piece + 8, &commit, sizeof commit);
    memcpy(piece + HEADER, tracing->bytes, tracing->used);
    each(piece, HEADER + tracing->used);
    tracing->used = 0;
    return 0;
}

static void put(const void *bytes, uint32_t size)
{
    if (tracing->used + size > PIECE)
        abort();
    memcpy(tracing->bytes + tracing->used, bytes, size);
    tracing->used += size;
}

/* With the length in a word of its own, as the kernel writes a long event. */
static void put_event(uint16_t id, const void *fields, uint32_t size)
{
    uint32_t head[2] = {7u << 5, 4 + 8 + size};
    unsigned char first[8] = {1, 2, 3, 4, (unsigned char)id, (unsigned char)(id >> 8), 0, 0};
    put(head, sizeof head);
    put(first, sizeof first);
    put(fields, size);
}

static void put_page(bool made, uint64_t pfn, uint32_t order, uint32_t flags)
{
    uint32_t words[4] = {order, flags, (uint32_t)pfn, (uint32_t)(pfn >> 32)};
    uint32_t without[3] = {order, (uint32_t)pfn, (uint32_t)(pfn >> 32)};
    if (made)
        put_event(501, words, sizeof words);
    else
        put_event(502, without, sizeof without);
}

static void put_cma(uint64_t pfn, uint64_t count, uint32_t align, uint32_t error)
{
    static const char name[12] = "linux,cma";
    uint32_t words[7] = {(uint32_t)pfn, (uint32_t)(pfn >> 32), (uint32_t)count, 0, error, 12u << 16 | 36, align};
    unsigned char fields[sizeof words + sizeof name];
    memcpy(fields, words, sizeof words);
    memcpy(fields + sizeof words, name, sizeof name);
    put_event(503, fields, sizeof fields);
}

static void tell_cma(uint64_t pages)
{
    uint64_t base = fault("cma_elsewhere") ? 0x70000 : fault("cma_high") ? 0x140000 : 0x5e000;
    uint32_t align = 0;
    while (align < 8 && (2ull << align) <= pages)
        align++;
    put_cma(UINT64_MAX, pages, align, (uint32_t)-16); /* a try that failed is told of, too */
    if (fault("cma_pieces") && pages >= 2) {
        put_cma(base, pages / 2, align, 0);
        put_cma(base + pages * 2, pages - pages / 2, align, 0);
    } else {
        put_cma(base + (fault("cma_misaligned") && pages >= 16), pages, align, 0);
    }
}

/* Blocks of 256, 16 and 1 pages, as the system heap asks for, with a hole behind each second one. */
static void tell_pages(bool made, uint64_t pages)
{
    static const uint32_t orders[] = {8, 4, 0};
    uint64_t pfn = 0x41000;
    unsigned blocks = 0;
    for (int i = 0; i < 3; i++)
        for (; pages >= 1u << orders[i]; pages -= 1u << orders[i]) {
            put_page(made, pfn, orders[i], 0x1521c2);
            pfn += (1u << orders[i]) * (1 + ++blocks % 2);
        }
}

/* One of the area's counters, as /sys/kernel/mm/cma has them, in the folder that BRINGUP_COUNTERS names. */
static void count(bool closed, uint64_t pages)
{
    char path[PATH_MAX], text[24];
    const char *folder = getenv("BRINGUP_COUNTERS");
    if (!folder || fault(closed ? "cma_released_uncounted" : "cma_uncounted"))
        return;
    tracing->counted[closed] += pages;
    format_text(path, sizeof path, "%s/%s_pages_success", folder, closed ? "release" : "alloc");
    format_text(text, sizeof text, "%llu\n", (unsigned long long)tracing->counted[closed]);
    int fd = open(path, O_WRONLY | O_TRUNC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0 || close(fd) != 0)
        abort();
}

void tell_made(bool cma, uint64_t pages)
{
    if (!tracing || !tracing->on)
        return;
    put_page(true, 0x48000, 0, 0xcc0); /* the kernel's own */
    if (cma) {
        count(false, pages);
        tell_cma(pages);
    } else if (!fault("keeps_pages")) {
        tell_pages(true, pages);
    }
}

void tell_closed(bool cma, uint64_t pages)
{
    if (!tracing || !tracing->on)
        return;
    if (cma)
        count(true, pages);
    else if (!fault("frees_later"))
        tell_pages(false, pages);
}
