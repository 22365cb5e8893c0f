"""From what a tree uses to the work: its order, its mechanical part, and the heaps that a board needs for it."""
