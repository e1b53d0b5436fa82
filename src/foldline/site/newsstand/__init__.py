"""The newsstand: what others publish beside what we do, as cards. Its feeds are added at the desk."""
