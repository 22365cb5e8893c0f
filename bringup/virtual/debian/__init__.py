"""Debian's packages: found, fetched, verified and unpacked without root."""
