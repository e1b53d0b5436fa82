"""A newspaper in Wagtail, with the gate mounted in it."""
