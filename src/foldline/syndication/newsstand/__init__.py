"""Cards of what others publish, from their feeds: headline, source, standfirst, date, tags and link. Never a body."""
