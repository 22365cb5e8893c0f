"""The test allocator: its C source, its prebuilt binaries and where they come from, its protocol, running it."""
