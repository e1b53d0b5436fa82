"""The reader's path: a visit is a generator that yields Needs and returns a Response. No I/O, no framework."""
