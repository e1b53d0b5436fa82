"""What machines are asked, for people."""
