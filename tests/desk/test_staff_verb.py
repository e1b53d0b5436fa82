from __future__ import annotations

import pytest
from click.testing import CliRunner

from foldline.cli.staff import staff
from foldline.stores.home import Home

from .conftest import Log

pytestmark = pytest.mark.usefixtures("site")

PASSWORD = "a pass phrase that is long enough\n"


def run(home: Home, *words: str, given: str = PASSWORD) -> str:
    result = CliRunner().invoke(staff, ["add", *words, "--password-stdin", "--home", str(home.path)], input=given)
    return f"{result.exit_code} {result.output}"


def test_it_makes_an_editor_who_has_the_newsroom_and_no_readers(home: Home) -> None:
    from foldline.site.readers.models import Reader

    told = run(home, "Edda@Example.test")
    assert told.startswith("0 Added: edda@example.test, editor.")
    assert "set up a second factor at their first sign-in" in told
    edda = Reader.objects.get()
    assert edda.is_staff
    assert not edda.is_superuser
    assert edda.check_password(PASSWORD.strip())
    assert edda.password.startswith("argon2")
    permissions = edda.get_all_permissions()
    assert "newsroom.add_article" in permissions
    others = {permission for permission in permissions if not permission.startswith("newsroom.")}
    assert others == {"desk.see_as", "desk.open_now", "desk.see_jobs", "newsstand.change_source"}


@pytest.mark.parametrize("role", ["editor", "service", "revenue", "admin"])
def test_each_role_is_given_alone_and_stands_in_the_audit_log(home: Home, log: Log, role: str) -> None:
    from foldline.site.desk.roles import role_of
    from foldline.site.readers.models import Reader

    run(home, "edda@example.test")
    run(home, "edda@example.test", "--role", role)
    assert role_of(Reader.objects.get()) == role
    assert Reader.objects.get().groups.count() == (role != "admin")
    assert log.entries() == [
        "command line|made staff|staff||editor",
        f"command line|given a role and a password|staff|editor|{role}",
    ]


def test_it_promotes_a_reader_who_is_there_already_and_changes_roles(home: Home) -> None:
    from foldline.site.readers.models import Reader

    reader = Reader.objects.join("rosa@example.test")
    assert run(home, "rosa@example.test", "--role", "admin").startswith("0 Changed: rosa@example.test, admin.")
    reader.refresh_from_db()
    assert reader.is_superuser
    run(home, "rosa@example.test", "--role", "editor")
    reader.refresh_from_db()
    assert not reader.is_superuser


@pytest.mark.parametrize("password", ["\n", "short\n", "passwordpassword1\n"[:9] + "\n", "rosa@example.test\n"])
def test_a_weak_password_is_refused_and_nobody_is_added(home: Home, password: str) -> None:
    from foldline.site.readers.models import Reader

    assert run(home, "rosa@example.test", given=password).startswith("1 Error: ")
    assert not Reader.objects.exists()


def test_a_lost_second_factor_is_forgotten_on_request(home: Home) -> None:
    from allauth.mfa.models import Authenticator

    from foldline.site.readers.models import Reader

    run(home, "edda@example.test")
    Authenticator.objects.create(user=Reader.objects.get(), type=Authenticator.Type.TOTP, data={})
    assert "first sign-in" not in run(home, "edda@example.test")
    assert "first sign-in" in run(home, "edda@example.test", "--new-second-factor")
    assert not Authenticator.objects.exists()


def test_what_is_no_address_is_refused(home: Home) -> None:
    assert run(home, "nobody").startswith("1 Error: ")
