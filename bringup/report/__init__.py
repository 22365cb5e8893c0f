"""Verdicts to files: HTML, JUnit, JSON. A report is a pure function of its run."""
