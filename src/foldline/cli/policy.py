"""`foldline policy`: write rules, try them, compare them and publish them."""

from __future__ import annotations

import click

from foldline.cli.policy_check import check
from foldline.cli.policy_diff import diff
from foldline.cli.policy_publish import history, publish, roll_back, start
from foldline.cli.policy_test import test


@click.group()
def policy() -> None:
    """The rules: who may read what."""


for verb in (start, check, test, diff, publish, history, roll_back):
    policy.add_command(verb)
