"""The documents that bringup writes: a verdict, a run, and what a report shows of a board."""
