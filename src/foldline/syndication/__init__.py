"""How articles meet the world beyond their own pages: what machines are asked to do, and lists that they read."""
