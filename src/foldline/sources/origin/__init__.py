"""A site over HTTP: which of its addresses are articles, how it is asked, and what is kept of what it answered."""
