"""The test kit: a clock moved by hand, worlds with a gate in them, and readers of every kind."""
