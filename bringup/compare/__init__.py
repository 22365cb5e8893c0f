"""Two runs side by side: verdicts, facts and timings that differ."""
