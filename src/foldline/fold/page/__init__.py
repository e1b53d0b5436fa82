"""Pages that we did not write: what they say of themselves, where their fold is, and the cut, proved. Pure."""
