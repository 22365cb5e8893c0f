/* libFuzzer's target for the test allocator's plan reader: any bytes are a plan that is understood or refused, and what is
 * understood lies inside the plan. Compiled with sanitizers; `make fuzz` and tests/allocator/test_plan_fuzzer.py run it. */
#include <string.h>
#include <unistd.h>

static const unsigned char *input;
static size_t input_size, input_at;

/* The plan in pieces of up to 7 bytes less than what was asked for: a pipe gives what it has. */
static ssize_t fuzzed_read(int fd, void *to, size_t size)
{
    size_t left = input_size - input_at, piece = size > 4096 ? 4096 - input_at % 7 : size;
    (void)fd;
    if (piece > left)
        piece = left;
    memcpy(to, input + input_at, piece);
    input_at += piece;
    return (ssize_t)piece;
}

#define read fuzzed_read
#include "plan.c"
#undef read

#include "text.h"

/* Reads every byte of it, so that a sanitizer sees a text that is not the plan's. */
static size_t look_at(const struct item *item)
{
    size_t read = strlen(item_keyword(item->kind)) + item_numbers(item->kind);
    for (unsigned i = 0; i < item->texts; i++) {
        if (item->text[i] < bytes || item->text[i] + strlen(item->text[i]) >= bytes + sizeof bytes)
            __builtin_trap();
        read += strlen(item->text[i]);
        if (strlen(item->text[i]) < 64)
            read += name_matches(item->text[i], "linux,cma@1");
    }
    if (item->text[item->texts] != NULL)
        __builtin_trap();
    return read;
}

volatile size_t looked_at; /* so that the compiler leaves nothing out */

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t data_size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t data_size)
{
    struct plan plan;
    struct refusal why;
    input = data;
    input_size = data_size;
    input_at = 0;
    size = texts_used = 0; /* the program reads one plan only */
    if (!plan_read(0, &plan, &why)) {
        looked_at = strlen(why.reason);
        return 0;
    }
    if (plan.count > PLAN_MAX_ITEMS)
        __builtin_trap();
    for (size_t i = 0; i < plan.count; i++)
        looked_at += look_at(&plan.items[i]);
    return 0;
}
