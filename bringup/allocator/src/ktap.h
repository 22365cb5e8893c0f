/* By hand on a board, with no host: KTAP version 1 on standard output. */
#ifndef BRINGUP_KTAP_H
#define BRINGUP_KTAP_H

/* Runs every test on the heaps that match, or on all when there is no pattern. The exit status: 0 all passed (or were
 * skipped), 1 one failed or could not be judged, 4 there is no heap (the kernel's own selftests say so, too). */
int ktap(int patterns, char **pattern);

#endif
