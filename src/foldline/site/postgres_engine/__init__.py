"""Django's engine for PostgreSQL, with the site's writers one after the other, as in a file."""
