"""Feeds of other systems, cut: what they list stays, and every text of an article is that of its preview."""
