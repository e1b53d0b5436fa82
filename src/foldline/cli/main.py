"""`foldline`: the verbs, and how errors are told on a terminal."""

from __future__ import annotations

import os
import sys

import click

from foldline import __version__
from foldline.cli.audit import audit
from foldline.cli.backing_up import backup, restoring
from foldline.cli.billing import billing
from foldline.cli.changed import changed
from foldline.cli.checking import check
from foldline.cli.copying import copying
from foldline.cli.database_failure import Verbs
from foldline.cli.demo import demo
from foldline.cli.exporting import exporting
from foldline.cli.importing import importing
from foldline.cli.init import init
from foldline.cli.keys import keys
from foldline.cli.mapping import mapping
from foldline.cli.mode import mode
from foldline.cli.policy import policy
from foldline.cli.recipe import recipe
from foldline.cli.reporting import reporting
from foldline.cli.retention import retention
from foldline.cli.running import migrate, restart, serve
from foldline.cli.staff import staff
from foldline.cli.why import why
from foldline.errors import ConfigurationError, FoldlineError


@click.group(cls=Verbs)
@click.version_option(__version__, prog_name="foldline")
def verbs() -> None:
    """The access gate for news: the preview or the whole, never anything else, and always a reason."""


for verb in (
    audit, backup, billing, changed, check, copying, demo, exporting, importing, init, keys, mapping, migrate, mode,
    policy, recipe, reporting, restart, restoring, retention, serve, staff, why,
):  # fmt: skip
    verbs.add_command(verb)


def main() -> None:
    """Run a verb. A mistake of the user's is told in plain words with exit code 1, never as a traceback."""
    # What a home folder holds is sealed: nobody else on this machine reads what we write.
    os.umask(0o077)
    try:
        verbs(prog_name="foldline")
    except ConfigurationError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        sys.exit(1)
    except FoldlineError as error:
        click.echo(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
