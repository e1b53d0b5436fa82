"""Private feeds on the readers’ side: keys, the account’s part, what is watched."""
