"""The figures in README and docs: each a ratio of one interleaved run, with its goal."""
