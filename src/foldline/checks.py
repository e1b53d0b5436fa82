"""What can be wrong with a publication. Ids are stable and public: each has a heading in `docs/checks.md`."""

from __future__ import annotations

#: Every id, and what it says in general. `docs/checks.md` is held equal to this by a test.
CHECKS: dict[str, str] = {
    "FL001": "There is no settings file",
    "FL002": "The settings file is not readable as TOML",
    "FL003": "Unknown setting",
    "FL004": "A setting has the wrong type",
    "FL010": "There is no secret",
    "FL011": "The secret is too short",
    "FL012": "Other users can read the secret",
    "FL020": "The publication has no name",
    "FL021": "The publication's url is not the address of a site",
    "FL022": "The publication's url is not https",
    "FL023": "There are no words in this language",
    "FL024": "Unknown time zone",
    "FL025": "The prefix is not one path segment",
    "FL026": "A number is out of its bounds",
    "FL030": "The mail security is unknown",
    "FL031": "The mail sender is not an address",
    "FL032": "No mail host is set",
    "FL040": "An address to listen on is taken",
    "FL041": "The databases are behind this version",
    "FL050": "The demo refuses real keys",
    "FL410": "No fold was found in an article",
    "FL411": "An article's access level is unknown",
    "FL412": "The cut of an article could not be proven",
    "FL413": "A scheduled article is held back",
}
