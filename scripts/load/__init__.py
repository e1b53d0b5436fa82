"""A day of a newspaper in some minutes: who comes, how often, and whether each of them got what was theirs."""
