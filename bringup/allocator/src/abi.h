/* What this program was built as. */
#ifndef BRINGUP_ABI_H
#define BRINGUP_ABI_H

#define BRINGUP_PROTOCOL 1

/* The build sets this to the hash of its sources and flags. */
#ifndef BRINGUP_SOURCE
#define BRINGUP_SOURCE "unstamped"
#endif

/* Android's names. */
#if defined(__aarch64__)
#define BRINGUP_ABI "arm64-v8a"
#elif defined(__arm__)
#define BRINGUP_ABI "armeabi-v7a"
#elif defined(__x86_64__)
#define BRINGUP_ABI "x86_64"
#elif defined(__i386__)
#define BRINGUP_ABI "x86"
#elif defined(__riscv) && __riscv_xlen == 64
#define BRINGUP_ABI "riscv64"
#else
#error "no Android ABI for this machine"
#endif

#endif
