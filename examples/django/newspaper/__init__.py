"""A newspaper in Django, with the gate mounted in it."""
