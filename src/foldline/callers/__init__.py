"""Who is asking: pure functions over what a request says and what configuration knows."""
