"""Kernel configuration: read it from anywhere, judge it by kernel version."""
