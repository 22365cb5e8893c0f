"""A kernel configuration out of anything: a .config, a kernel image, a boot image, bytes from a board."""
