"""Requirements out of files that people write: bringup's own YAML, Android's matrices and base fragments."""
