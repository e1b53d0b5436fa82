"""The newsroom: articles, pictures, sections, tags and authors, and their way onto the page."""
