from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from tests.django_home import django_home

from foldline.stores.home import Home


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return django_home(tmp_path_factory)


@pytest.fixture
def site(home: Home) -> Iterator[None]:
    """The readers' side with empty tables, nothing counted, and mail kept in memory."""
    from allauth.account.models import EmailAddress
    from allauth.mfa.models import Authenticator
    from allauth.socialaccount.models import SocialAccount
    from django.contrib.sessions.models import Session
    from django.core import mail
    from django.core.cache import cache
    from django.test import override_settings

    from foldline.site.feeds.models import FeedKey, FeedUse
    from foldline.site.readers import models
    from foldline.site.readers.mail import POSTMAN

    tables = (
        models.Entitlement, models.SignInCode, models.ReaderSession, models.PassFacts, models.Change,
        EmailAddress, Authenticator, SocialAccount, Session, FeedUse, FeedKey, models.Reader,
    )  # fmt: skip

    def empty() -> None:
        for table in tables:
            table.objects.all().delete()
        cache.clear()

    empty()
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        mail.outbox = []
        yield
        POSTMAN.wait(10)
    empty()


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Move the clock on by seconds."""
    real = time.time
    moved = 0.0

    def move(seconds: float) -> None:
        nonlocal moved
        moved += seconds
        monkeypatch.setattr(time, "time", lambda: real() + moved)

    return move
