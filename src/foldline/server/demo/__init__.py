"""The demonstration: anybody on this machine may be any of its invented readers. Without it, none of this has an
address."""
