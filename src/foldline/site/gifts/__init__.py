"""Gifts on the site's side: a reader gives an article, sees what became of it, and takes it back; so does the desk."""
