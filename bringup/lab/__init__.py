"""Many boards at once: one thread a board, one run for all."""
