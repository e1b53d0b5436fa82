"""The composition root: settings, addresses and processes. The only room that knows all others."""
