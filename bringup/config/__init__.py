"""Board configs: what we expect of a board, with errors that name file, line and column."""
