"""How articles meet the world beyond their own pages: feeds, what machines are asked and read, the newsstand."""
