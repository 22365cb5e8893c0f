"""Facts about kernels as data: requirements, symbols, heap names, upstream. Each entry has its source."""
