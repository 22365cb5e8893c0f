/* Holds a DMA-BUF, and takes another one at each SIGUSR1.
 *
 * leak_buffers HEAP SIZE LEAKS: LEAKS 1: it keeps each; 0: it gives each back at once. Prints its process id when it has
 * the first one, and goes on until another signal ends it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    char path[256];
    snprintf(path, sizeof path, "/dev/dma_heap/%s", argv[1]);
    int heap = open(path, O_RDWR | O_CLOEXEC), leaks = atoi(argv[3]), number;
    sigset_t more;
    sigemptyset(&more);
    sigaddset(&more, SIGUSR1);
    sigprocmask(SIG_BLOCK, &more, NULL);
    for (int first = 1;; first = 0) {
        struct dma_heap_allocation_data asked = {.len = strtoul(argv[2], NULL, 0), .fd_flags = O_RDWR | O_CLOEXEC};
        if (heap < 0 || ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &asked) != 0) {
            perror(path);
            return 1;
        }
        if (first) {
            printf("%d\n", getpid());
            fflush(stdout);
            int null = open("/dev/null", O_RDWR); /* so that the shell that started it ends */
            for (int fd = 0; fd < 3; fd++)
                dup2(null, fd);
            close(null);
        } else if (!leaks)
            close((int)asked.fd);
        sigwait(&more, &number);
    }
}
