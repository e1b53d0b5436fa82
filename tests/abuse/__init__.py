"""What an attacker, a broken client or a crowd does, to real workers."""
