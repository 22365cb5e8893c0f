/* Reads the plan from standard input and checks all of it before anything is done. */
#include "plan.h"

#include "heap.h"
#include "out.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define EXIT_REFUSED 2
#define MAX_TEXTS 16384u
#define MAX_PATH_BYTES 4095u
#define MAX_FILE_BYTES (4u << 20)
#define MAX_OUTPUT_BYTES (2u << 20)
#define MAX_NODES 65536u
#define MAX_DEPTH 32u
#define MAX_RUN_MILLISECONDS 600000u
#define MAX_STRESS_MILLISECONDS 20000u /* a test that takes 30 s is taken for hung */
#define MAX_TOTAL_MILLISECONDS 86400000u

/* Fields: `p` a path or pattern, `n` a number (its limits follow in order), `+` one or more strings, `*` any number. */
static const struct {
    const char *keyword;
    const char *fields;
    uint8_t lowest[4];
    uint32_t highest[4]; /* 0: any */
} shapes[] = {
    [ITEM_BUDGET] = {"budget", "nn", {0, 0}, {0, MAX_TOTAL_MILLISECONDS}},
    [ITEM_READ] = {"read", "pn", {1}, {MAX_FILE_BYTES}},
    [ITEM_GLOB] = {"glob", "pn", {1}, {MAX_NODES}},
    [ITEM_FILES] = {"files", "pnn", {1, 1}, {MAX_NODES, MAX_FILE_BYTES}},
    [ITEM_TREE] = {"tree", "pnnn", {1, 1, 1}, {MAX_DEPTH, MAX_NODES, MAX_FILE_BYTES}},
    [ITEM_NODE] = {"node", "p", {0}, {0}},
    [ITEM_RUN] = {"run", "nn+", {1, 1}, {MAX_RUN_MILLISECONDS, MAX_OUTPUT_BYTES}},
    [ITEM_DMESG] = {"dmesg", "n", {1}, {MAX_FILE_BYTES}},
    [ITEM_HOLDERS] = {"holders", "nnnp*", {1, 1, 0}, {MAX_NODES, MAX_NODES, 1}},
    [ITEM_HEAPS] = {"heaps", "p*", {0}, {0}},
    [ITEM_ION] = {"ion", "", {0}, {0}},
    [ITEM_READS] = {"reads", "n", {1}, {PLAN_MAX_ROUNDS}},
    [ITEM_STRESS] = {"stress", "nn", {1, 0}, {UINT32_MAX, MAX_STRESS_MILLISECONDS}},
    [ITEM_MARK] = {"mark", "p", {0}, {0}},
    [ITEM_TEST] = {"test", "p", {0}, {0}},
    [ITEM_BENCH] = {"bench", "n", {1}, {PLAN_MAX_ROUNDS}},
    [ITEM_MEASURE] = {"measure", "nnnn", {1, 0, 1, 1},
                      {PLAN_MAX_SIZE, PLAN_MAX_THREADS, PLAN_MAX_ROUNDS, MAX_TOTAL_MILLISECONDS}},
    [ITEM_PAGES] = {"pages", "+", {0}, {0}},
    [ITEM_EXHAUST] = {"exhaust", "n", {1}, {MAX_RUN_MILLISECONDS}},
};
#define SHAPES (sizeof shapes / sizeof shapes[0])

static char bytes[PLAN_MAX_BYTES + 1];
static size_t size;
static struct item items[PLAN_MAX_ITEMS];
static char *texts[MAX_TEXTS];
static size_t texts_used;

const char *item_keyword(enum item_kind kind)
{
    return shapes[kind].keyword;
}

unsigned item_numbers(enum item_kind kind)
{
    unsigned count = 0;
    for (const char *field = shapes[kind].fields; *field; field++)
        count += *field == 'n';
    return count;
}

static bool ends_with_end(void)
{
    return size >= 5 && memcmp(bytes + size - 5, "\nend\n", 5) == 0;
}

/* NULL, or why the plan could not be taken in. A host may keep the pipe open: `end` ends it, not only EOF. */
static const char *take_in(int fd)
{
    while (!ends_with_end()) {
        if (size == PLAN_MAX_BYTES)
            return "longer than 1 MiB";
        ssize_t done = read(fd, bytes + size, PLAN_MAX_BYTES - size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return "standard input cannot be read";
        if (done == 0)
            return size == 0 ? "empty" : "no `end` line: the plan was cut off";
        size += (size_t)done;
    }
    return NULL;
}

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

/* Undoes the escapes of one field in place. */
static const char *unescape(char *field)
{
    char *to = field;
    for (const char *from = field; *from; from++) {
        if (*from != '\\') {
            *to++ = *from;
            continue;
        }
        from++;
        if (*from == 't') {
            *to++ = '\t';
        } else if (*from == 'n') {
            *to++ = '\n';
        } else if (*from == '\\') {
            *to++ = '\\';
        } else if (*from == 'x' && hex_digit(from[1]) >= 0 && hex_digit(from[2]) >= 0) {
            int byte = hex_digit(from[1]) << 4 | hex_digit(from[2]);
            if (byte == 0)
                return "a NUL byte in a field";
            *to++ = (char)byte;
            from += 2;
        } else {
            return "an unknown escape";
        }
    }
    *to = 0;
    return NULL;
}

static bool parse_number(const char *field, uint64_t *value)
{
    uint64_t sum = 0;
    if (*field == 0)
        return false;
    for (; *field; field++) {
        unsigned digit = (unsigned)(*field - '0');
        if (digit > 9 || sum > (UINT64_MAX - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return true;
}

/* The next field of a line, ended by a NUL; NULL at the line's end. */
static char *next_field(char **rest)
{
    char *field = *rest;
    if (!field)
        return NULL;
    char *tab = strchr(field, '\t');
    if (tab)
        *tab = 0;
    *rest = tab ? tab + 1 : NULL;
    return field;
}

static const char *add_text(struct item *item, char *field)
{
    if (texts_used + 2 > MAX_TEXTS)
        return "more than 16384 strings";
    const char *wrong = unescape(field);
    if (wrong)
        return wrong;
    texts[texts_used++] = field;
    item->texts++;
    return NULL;
}

static const char *add_field(struct item *item, char shape, unsigned *numbers, char *field)
{
    if (shape != 'n') {
        if (shape == 'p' && (*field == 0 || strlen(field) > 4 * MAX_PATH_BYTES))
            return "a path that is empty or too long";
        const char *wrong = add_text(item, field);
        return !wrong && shape == 'p' && strlen(field) > MAX_PATH_BYTES ? "a path that is empty or too long" : wrong;
    }
    uint64_t value;
    if (!parse_number(field, &value))
        return "not a number";
    uint32_t highest = shapes[item->kind].highest[*numbers];
    if (value < shapes[item->kind].lowest[*numbers] || (highest && value > highest))
        return "a number outside its limits";
    item->number[(*numbers)++] = value;
    return NULL;
}

static const char *parse_fields(struct item *item, char *rest)
{
    unsigned numbers = 0;
    const char *wrong = NULL;
    item->text = texts + texts_used;
    for (const char *shape = shapes[item->kind].fields; *shape && !wrong; shape++) {
        char *field = next_field(&rest);
        if (!field && *shape == '*')
            break;
        if (!field)
            return "too few fields";
        wrong = add_field(item, *shape, &numbers, field);
        while ((*shape == '+' || *shape == '*') && !wrong && (field = next_field(&rest)) != NULL)
            wrong = add_field(item, *shape, &numbers, field);
    }
    if (wrong)
        return wrong;
    texts[texts_used++] = NULL;
    return rest ? "too many fields" : NULL;
}

static const char *parse_item(struct plan *plan, char *line, unsigned number)
{
    char *rest = line;
    const char *keyword = next_field(&rest);
    if (plan->count == PLAN_MAX_ITEMS)
        return "more than 4096 items";
    struct item *item = &items[plan->count];
    *item = (struct item){.line = number};
    size_t kind = 0;
    while (kind < SHAPES && strcmp(shapes[kind].keyword, keyword) != 0)
        kind++;
    if (kind == SHAPES)
        return "an unknown item";
    item->kind = (enum item_kind)kind;
    const char *wrong = texts_used + 2 > MAX_TEXTS ? "more than 16384 strings" : parse_fields(item, rest);
    if (!wrong && kind == ITEM_TEST && !heap_test_known(item->text[0]))
        wrong = "no such test";
    if (!wrong && kind == ITEM_BUDGET) {
        plan->budget_bytes = item->number[0];
        plan->budget_milliseconds = item->number[1];
    }
    plan->count += !wrong;
    return wrong;
}

/* A test, or another item on heaps, before any `heaps` would silently do nothing. */
static const char *check_order(const struct plan *plan, struct refusal *why)
{
    bool selected = false;
    for (size_t i = 0; i < plan->count; i++) {
        selected = selected || items[i].kind == ITEM_HEAPS;
        why->line = items[i].line;
        if (!selected && (items[i].kind == ITEM_READS || items[i].kind >= ITEM_TEST))
            return "no heaps item before it";
    }
    return NULL;
}

static const char *parse(struct plan *plan, struct refusal *why)
{
    char *line = bytes;
    char *end = bytes + size - 4; /* the `end` line */
    if (memchr(bytes, 0, size))
        return "a NUL byte";
    why->line = 1;
    if (strncmp(line, "plan\t1\n", 7) != 0)
        return "the first line is not `plan`, TAB, `1`";
    for (line += 7; line < end;) {
        char *newline = memchr(line, '\n', (size_t)(end + 4 - line));
        *newline = 0;
        why->line++;
        const char *wrong = strcmp(line, "end") == 0 ? "there is more after `end`" : parse_item(plan, line, why->line);
        if (wrong)
            return wrong;
        line = newline + 1;
    }
    return check_order(plan, why);
}

bool plan_read(int fd, struct plan *plan, struct refusal *why)
{
    *plan = (struct plan){.items = items};
    *why = (struct refusal){0};
    why->reason = take_in(fd);
    if (!why->reason)
        why->reason = parse(plan, why);
    return why->reason == NULL;
}

int plan_refuse(const struct refusal *why)
{
    out_begin("refused");
    out_unsigned("line", why->line);
    out_string("reason", why->reason);
    out_end();
    return EXIT_REFUSED;
}
