"""What a kernel configuration must say, and judging one by it."""
