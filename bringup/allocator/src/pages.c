/* Where the pages of buffers lie: a process allocates and closes them one at a time, and what the kernel's trace events
 * told of it goes to the host as it came. What it means is the host's to say. */
#include "clock.h"
#include "errnos.h"
#include "out.h"
#include "sys.h"
#include "text.h"
#include "trace.h"
#include "heap_test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MILLISECONDS 10000

/* A process that removes the instance of tracing when its owner has gone, however that came. It is there before the
 * instance is; whoever ends the owner's group or closes its terminal does not end it, and it holds none of its output. */
static void guard_instance(int *line)
{
    int ends[2];
    char byte = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return;
    if (fork() == 0) {
        out_forget();
        setsid();
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
            close(fd);
        close(ends[1]);
        /* Ready; then nothing comes until the owner's end is closed. */
        if (write(ends[0], &byte, 1) == 1)
            while (read(ends[0], &byte, 1) > 0)
                ;
        trace_end();
        _exit(0);
    }
    close(ends[0]);
    *line = ends[1];
    ssize_t ready = read(*line, &byte, 1);
    (void)ready; /* without a guard, the next run removes what is left */
}

/* In the process that is traced: a size comes, a buffer of it is made; 0 comes, it is closed. */
static void serve(const struct heap *heap, int line)
{
    struct test_run run = {.heap = heap};
    uint64_t size;
    int32_t error = 0;
    int fd = -1;
    out_forget();
    run.fd = heap_open(heap);
    int closed = run.fd < 0 ? errno : 0;
    while (read(line, &size, sizeof size) == (ssize_t)sizeof size) {
        error = closed;
        if (size && !error) {
            fd = buffer_alloc(&run, size);
            error = fd < 0 ? errno : 0;
        } else if (fd >= 0) {
            sys_close(fd);
            fd = -1;
        }
        if (write(line, &error, sizeof error) != (ssize_t)sizeof error)
            break;
    }
    _exit(0);
}

/* Its answer, or why there is none. */
static int ask(int line, uint64_t size)
{
    struct pollfd ready = {.fd = line, .events = POLLIN};
    int32_t error = EPIPE;
    if (send(line, &size, sizeof size, MSG_NOSIGNAL) != (ssize_t)sizeof size)
        return errno;
    if (poll(&ready, 1, ANSWER_MILLISECONDS) == 0)
        return ETIMEDOUT;
    return read(line, &error, sizeof error) == (ssize_t)sizeof error ? error : EPIPE;
}

static void put_piece(const void *bytes, size_t size)
{
    out_base64_begin(NULL);
    out_base64_add(bytes, size);
    out_base64_end();
}

static void drop_piece(const void *bytes, size_t size)
{
    (void)bytes;
    (void)size;
}

/* One buffer: what was traced while it was made, and while it was closed. Returns errno where it cannot go on. */
static int trace_buffer(const struct heap *heap, int line, uint64_t size)
{
    out_begin("pages");
    out_string("heap", heap->name);
    out_unsigned("size", size);
    int error = ask(line, size);
    out_list_begin("made");
    int lost = trace_take(put_piece);
    out_list_end();
    int closed = ask(line, 0);
    out_list_begin("closed");
    lost = lost ? lost : trace_take(put_piece);
    out_list_end();
    error = error ? error : lost ? lost : closed;
    out_state(error);
    out_end();
    return error;
}

static int trace_heap(const struct heap *heap, int line)
{
    const struct test_run run = {.heap = heap};
    int error = ask(line, heap->page); /* the first brings in pages of its own: the program's, the slab's */
    if (!error)
        error = ask(line, 0);
    trace_take(drop_piece);
    for (const uint64_t *size = buffer_sizes; !error && *size && !time_is_up(); size++)
        if (bytes_of(&run, *size) <= heap->limit)
            error = trace_buffer(heap, line, bytes_of(&run, *size));
    return error;
}

static void trace_one(const struct heap *heap, char *const *events)
{
    int ends[2];
    out_flush();
    if (heap->limit < heap->page || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return;
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        serve(heap, ends[1]);
    }
    close(ends[1]);
    if (pid > 0) {
        if (trace_process(pid, events) == 0)
            trace_heap(heap, ends[0]);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    close(ends[0]);
}

static int begin(char *const *events, int *line)
{
    char text[4096];
    int error = trace_find();
    if (!error) {
        guard_instance(line);
        error = trace_begin();
    }
    out_begin("tracing");
    out_state(error);
    out_string("path", trace_path);
    out_list_begin("events");
    for (unsigned i = 0; !error && events[i]; i++)
        out_string(NULL, events[i]);
    out_list_end();
    out_list_begin("formats");
    for (unsigned i = 0; !error && events[i]; i++) {
        text[0] = 0;
        trace_format(events[i], text, sizeof text);
        out_string(NULL, text);
    }
    out_list_end();
    out_end();
    return error;
}

const char *item_pages(char *const *events)
{
    static char stopped_at[300];
    int line = -1;
    bool traces = begin(events, &line) == 0;
    for (size_t i = 0; traces && i < heap_selected() && !time_is_up(); i++) {
        struct heap heap = heap_look(i);
        trace_one(&heap, events);
        format_text(stopped_at, sizeof stopped_at, "pages %s", heap.name);
    }
    trace_end();
    if (line >= 0) {
        close(line);
        wait(NULL);
    }
    return traces && time_is_up() ? stopped_at : NULL;
}
