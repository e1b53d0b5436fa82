"""A newspaper in Flask as somebody would write it in a week: see `app.py`, and `site.py` beside for running it."""
