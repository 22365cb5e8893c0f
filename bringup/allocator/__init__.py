"""The test allocator: its C source, prebuilt binaries with their provenance, its protocol, and running it on a board."""
