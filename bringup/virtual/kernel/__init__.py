"""The kernels of virtual boards: out of Debian's packages, or built from its sources."""
