"""What happened, as lines appended to segments. Never a person, a cookie, an address or a title."""
