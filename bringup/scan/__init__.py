"""Who still uses ION in a source tree, and what replaces each use."""
