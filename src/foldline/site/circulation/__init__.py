"""Print subscribers: the nightly circulation file, and how they activate what they have."""
