"""The text of a new publication's file of rules: valid as it stands, equal in effect to `rules.first_form`."""

from __future__ import annotations

_TEXT = """\
# rules.toml: who may read what. Every word is explained in docs/rules.md.
# Try a change with `foldline policy check` and `foldline policy diff`, then `foldline policy publish`.

# An article has a level: free, registered, metered or subscribers. One that names none takes it from the first
# rule with `access` that is about it, else from here. Without this line such articles stay closed.
# default-access = "metered"

# How many metered articles one may read: one allowance for the whole site.
[meter.site]
anonymous = {limit}
# registered = {more}                    # with an account; as many as anonymous where it is not written
window = "calendar month"         # or "30 days", "7 days"

# What the levels mean needs no rule: free articles open for everybody, registered ones for everybody signed in,
# and subscribers read every article that their product covers. Take the # away to use one of these.

# [[rule]]
# name = "Obituaries and public notices are free"
# sections = ["obituaries", "public-notices"]
# access = "free"

# [[rule]]
# name = "News is free for two hours"
# sections = "news"
# newer-than = "2 hours"
# opens-for = "everyone"

# [[rule]]
# name = "The archive is for subscribers"
# older-than = "30 days"
# only-for = "subscribers"
"""


def starter_text(limit: int) -> str:
    """The starter with a meter of `limit` articles in a calendar month."""
    return _TEXT.format(limit=limit, more=limit + 2)
