"""Streams of frames, such as a camera's preview: pixel formats, layout of a frame, memory that each heap needs."""
