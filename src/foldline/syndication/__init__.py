"""How articles meet the world beyond their own pages."""
