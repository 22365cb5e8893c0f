"""Finding the files of a tree that hold a word of ION: one pass for all words, by ripgrep or by our own search."""
