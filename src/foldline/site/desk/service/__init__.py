"""Reader service: from an address to the reason why a reader can't read, and what staff do about it."""
