from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.django_home import django_home

from foldline.plans import Plan
from foldline.stores.home import Home
from foldline.testing.clock import FrozenClock

#: One plan opens all, the other all and a second product, and has a trial. Both forgive a week.
ALL = Plan("all", "All of it", (1,), 400, "eur", "month", 0, 7)
MORE = Plan("more", "All and more", (1, 2), 900, "eur", "month", 14, 7)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return django_home(tmp_path_factory)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FrozenClock:
    """The site's clock, moved by hand."""
    from foldline.site.readers import moment

    clock = FrozenClock()
    monkeypatch.setattr(moment, "_CLOCK", clock)
    return clock


@pytest.fixture
def selling(home: Home) -> Iterator[None]:
    """A site that sells two plans. Whatever is written in it is taken back."""
    from dataclasses import replace

    from django.conf import settings
    from django.db import transaction
    from django.test import override_settings

    with override_settings(FOLDLINE=replace(settings.FOLDLINE, plans=(ALL, MORE))), transaction.atomic():
        yield
        transaction.set_rollback(True)
