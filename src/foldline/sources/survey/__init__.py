"""A site that nobody here knows yet: asked as a guest asks, what it shows of itself, and what we would propose."""
