"""A page in, preview and rest out. Pure: it cuts, and it proves the cut."""
