"""Where a PostgreSQL database is, and what of a publication lies where in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

#: Userinfo, and the rest: one or more hosts, the database's name, and options of libpq.
_FORM = re.compile(r"postgres(?:ql)?://(?:(?P<user>[^:@/?#]*)(?::(?P<password>[^@/?#]*))?@)?(?P<rest>[^@#\s]*)")
#: What an address may not say: what we set ourselves, and what would be seen by everybody.
_OURS = re.compile(r"[?&](password|options|application_name|client_encoding|replication)=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """`url` is what libpq takes (several hosts and options of its own are fine), without a password: that stands apart,
    and where there is none libpq looks into its password file."""

    url: str
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, text: str, password: str = "") -> Address:
        """An address as somebody wrote it. A password in it counts where none is given.

        Raises:
            ValueError: it is none, with what in words, and never with what might be a password.
        """
        found = _FORM.fullmatch(text.strip())
        if found is None:
            raise ValueError("it is not an address as in postgresql://foldline@db.example/foldline")
        if refused := _OURS.search(text):
            raise ValueError(f"{refused[1].lower()} has no place in it")
        host, _, database = found["rest"].partition("/")
        if not database.partition("?")[0]:
            raise ValueError("it names no database, as in postgresql://foldline@db.example/foldline")
        user = f"{found['user']}@" if found["user"] else ""
        return cls(f"postgresql://{user}{host}/{database}", password or unquote(found["password"] or ""))

    def __str__(self) -> str:
        return self.url.partition("?")[0]


@dataclass(frozen=True, slots=True)
class Schema:
    """What is a file where a publication lies in files: tables that are looked for nowhere else."""

    address: Address
    name: str

    def __str__(self) -> str:
        return f"{self.address} ({self.name})"


#: Where tables lie.
Place = Path | Schema
