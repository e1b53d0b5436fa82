"""All that `check --deploy` looks at, in the order in which it is told. Needs Django to be set up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from foldline.config import Settings
from foldline.errors import Problem
from foldline.server.deploy.asked import Asking
from foldline.server.deploy.databases import problems_of_databases
from foldline.server.deploy.machine import problems_of_the_machine
from foldline.server.deploy.mail import problems_of_mail
from foldline.server.deploy.public import problems_of_the_public_address

Look = Callable[[Settings, Asking], Iterator[Problem]]

#: What is looked at, by the name that it is told under. Whoever has more to look at adds it here.
LOOKS: tuple[tuple[str, Look], ...] = (
    ("machine", lambda settings, _asking: problems_of_the_machine(settings, time.time())),
    ("databases", lambda settings, _asking: problems_of_databases(settings)),
    ("mail", lambda settings, asking: problems_of_mail(settings.mail, asking)),
    ("public address and clock", problems_of_the_public_address),
)


def problems_of_a_deployment(settings: Settings, asking: Asking) -> tuple[Problem, ...]:
    """Everything that was found, and everything that could not be tried."""
    return tuple(problem for _, look in LOOKS for problem in look(settings, asking))
