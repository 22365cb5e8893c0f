"""Why something failed: from what was seen to a cause, and the lines that fix it."""
