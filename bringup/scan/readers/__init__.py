"""Reading one file: which words of ION it holds, and where each stands."""
