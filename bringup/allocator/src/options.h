/* What is asked for on the command line. */
#ifndef BRINGUP_OPTIONS_H
#define BRINGUP_OPTIONS_H

/* The exit status, or -1: no option was given, a plan comes on standard input. */
int options(int argc, char **argv);

#endif
