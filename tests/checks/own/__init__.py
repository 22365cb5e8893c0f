"""Tests of checks of one's own."""
