"""The till: an embedded payment provider for the demonstration and for development, on loopback only.

It is a service of its own, with pages of its own, and keeps its own books: to the site it is as far away as a hosted
one. Nothing in it is a real card, and no real key fits.
"""
