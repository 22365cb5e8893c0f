"""Uses that were there before, or that somebody decided to leave."""
