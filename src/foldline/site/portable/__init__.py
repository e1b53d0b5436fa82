"""Readers, and what they have a right to, as files: written by `foldline export`, read by `foldline import readers`."""
