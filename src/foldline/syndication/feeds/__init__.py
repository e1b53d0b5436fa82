"""RSS, Atom and JSON Feed of our own newsroom: previews for everybody, and whole texts for a key."""
