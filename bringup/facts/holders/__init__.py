"""Who held the board's DMA-BUFs: the kernel's own lists, the walks over its processes, and their sums."""
