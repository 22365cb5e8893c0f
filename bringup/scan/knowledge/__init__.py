"""The names of ION and of the vendors' additions to it: data, one entry per name, with its source."""
