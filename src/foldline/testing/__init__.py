"""The test kit: a clock moved by hand, worlds with a gate in them, readers of every kind. Also for those who embed us."""
