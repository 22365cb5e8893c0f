"""The static test allocator: its source, its binaries, its protocol."""
