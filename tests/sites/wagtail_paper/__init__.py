"""A newspaper in Wagtail, in a process of its own: `site.py` runs it, `process.py` is what runs there."""
