"""How articles meet the world beyond their own pages: what machines are asked, lists that they read, the newsstand."""
