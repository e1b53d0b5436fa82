"""Which provider takes the payments, from the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from foldline.errors import ConfigurationError
from foldline.site.billing.provider import NoticeRefused
from foldline.site.billing.providers import provider_from, till_secrets
from foldline.site.billing.signature import sign
from foldline.site.billing.stripe_provider import StripeProvider
from foldline.site.billing.till.client import Till
from foldline.testing.builders import home_at

SITE, SECRET = "https://news.example", b"the publication's secret"
KEY, NOTICES = "sk_test_of_nobody", "whsec_of_nobody"


def test_nothing_in_the_environment_sells_nothing() -> None:
    assert provider_from({}, SITE, SECRET) is None


def test_a_till_is_taken_where_it_serves() -> None:
    assert isinstance(provider_from({"FOLDLINE_TILL": "http://127.0.0.1:1"}, "http://127.0.0.1:8080", SECRET), Till)


def test_a_key_and_a_notice_secret_are_stripe() -> None:
    environ = {"FOLDLINE_STRIPE_KEY": KEY, "FOLDLINE_STRIPE_WEBHOOK_SECRET": NOTICES}
    assert isinstance(provider_from(environ, SITE, SECRET), StripeProvider)


def test_both_notice_secrets_of_a_rotation_are_taken() -> None:
    environ = {"FOLDLINE_STRIPE_KEY": KEY, "FOLDLINE_STRIPE_WEBHOOK_SECRET": "whsec_new whsec_old"}
    provider = provider_from(environ, SITE, SECRET)
    assert provider is not None
    body = (
        b'{"id":"evt_1","object":"event","type":"t","created":1,"livemode":false,'
        b'"data":{"object":{"object":"subscription","id":"sub_1"}}}'
    )
    for secret in ("whsec_new", "whsec_old"):
        assert provider.read_notice(body, sign(body, secret, 1000), 1000).subscription == "sub_1"
    with pytest.raises(NoticeRefused, match="not ours"):
        provider.read_notice(body, sign(body, "whsec_new whsec_old", 1000), 1000)


@pytest.mark.parametrize("notices", ["", "  "])
def test_without_a_notice_secret_it_does_not_start_selling_and_says_so(notices: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        provider_from({"FOLDLINE_STRIPE_KEY": KEY, "FOLDLINE_STRIPE_WEBHOOK_SECRET": notices}, SITE, SECRET)
    assert [problem.id for problem in refused.value.problems] == ["FL292"]
    assert KEY not in str(refused.value)


def test_a_key_without_the_secret_of_its_notices_starts_nothing_and_is_not_repeated(tmp_path: Path) -> None:
    """As it is typed: `foldline serve`, which would else listen."""
    home_at(tmp_path)
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("FOLDLINE_", "DJANGO_"))}
    environ = {**keep, "FOLDLINE_HOME": str(tmp_path), "FOLDLINE_STRIPE_KEY": KEY}
    serve = [sys.executable, "-m", "foldline.cli.main", "serve"]
    said = subprocess.run(serve, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert said.returncode != 0
    assert "FL292" in said.stderr
    assert "FOLDLINE_STRIPE_WEBHOOK_SECRET" in said.stderr
    assert "Nothing is sold without it" in said.stderr
    assert KEY not in said.stdout + said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize("key", ["", "pk_live_public", "sk_prod_x", "whsec_of_nobody", "sk_test_"])
def test_a_key_that_is_none_is_refused_and_not_repeated(key: str) -> None:
    environ = {"FOLDLINE_STRIPE_KEY": key, "FOLDLINE_STRIPE_WEBHOOK_SECRET": NOTICES}
    with pytest.raises(ConfigurationError) as refused:
        provider_from(environ, SITE, SECRET)
    assert [problem.id for problem in refused.value.problems] == ["FL291"]
    assert not key or key not in str(refused.value)


def test_the_tills_secrets_are_of_the_publication_and_differ() -> None:
    ours, other = till_secrets(SECRET), till_secrets(b"another publication's secret")
    assert len({*ours, *other}) == 4


def test_the_library_is_loaded_only_where_it_sells() -> None:
    code = (
        "import sys; from foldline.site.billing.providers import provider_from;"
        "provider_from({'FOLDLINE_TILL': 'http://127.0.0.1:1'}, 'http://127.0.0.1:8080', b's');"
        "sys.exit('stripe' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
