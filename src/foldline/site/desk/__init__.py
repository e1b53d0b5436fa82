"""The desk's door: staff only, password and second factor, Django's admin behind it."""
