"""May this visit read this article, and why? Pure: facts in, a Decision out."""
