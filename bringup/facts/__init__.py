"""What a record says, parsed once: one reader for each thing that a judge may look at."""
