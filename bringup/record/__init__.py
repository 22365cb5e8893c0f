"""The record on disk, and observing a board into it."""
