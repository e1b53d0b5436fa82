"""Articles as data of other systems, cut: WordPress's REST and Wagtail's API, key by key."""
