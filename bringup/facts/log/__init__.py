"""Logs of a board, line by line: the kernel's and Android's, and what the kernel complains about in its own."""
