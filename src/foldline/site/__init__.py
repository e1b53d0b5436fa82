"""Django apps: readers, newsroom and desk. Nothing outside imports them but `server` and `cli`."""
