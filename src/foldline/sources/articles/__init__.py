"""Articles of our own newsroom: what is handed over, how it becomes a page and a rest, how folders are read."""
