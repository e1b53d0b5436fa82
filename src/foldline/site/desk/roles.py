"""Who of the staff may do what: a table, kept by Django's groups and permissions."""

from __future__ import annotations

from enum import StrEnum

from django.contrib.auth.models import Group, Permission

from foldline.site.readers.models import Reader


class Role(StrEnum):
    """An editor has the newsroom, service the readers, revenue the rules and the decisions; an admin has everything."""

    EDITOR = "editor"
    SERVICE = "service"
    REVENUE = "revenue"
    ADMIN = "admin"


class Power(StrEnum):
    """What a page of the desk asks for: the name of a permission."""

    NEWSROOM = "newsroom.change_article"
    SEE_AS = "desk.see_as"
    OPEN_NOW = "desk.open_now"
    NEWSSTAND = "newsstand.change_source"
    SERVE_READERS = "desk.serve_readers"
    SEE_PAYMENTS = "desk.see_payments"
    SEE_RULES = "desk.see_rules"
    CHANGE_RULES = "desk.change_rules"
    SEE_DECISIONS = "desk.see_decisions"
    SEE_JOBS = "desk.see_jobs"
    SEE_AUDIT = "desk.see_audit"
    CHANGE_INSTITUTIONS = "institutions.change_institutions"


#: A role's group. An admin needs none: Django gives a superuser every permission.
GROUPS: dict[Role, str] = {Role.EDITOR: "Editors", Role.SERVICE: "Service", Role.REVENUE: "Revenue"}

#: Beside the newsroom's tables, which editors have whole.
_GIVEN: dict[Role, tuple[str, ...]] = {
    Role.EDITOR: (Power.SEE_AS, Power.OPEN_NOW, Power.NEWSSTAND, Power.SEE_JOBS),
    Role.SERVICE: (
        Power.SEE_AS,
        Power.SERVE_READERS,
        Power.SEE_PAYMENTS,
        "readers.view_reader",
        "readers.view_product",
        "readers.view_entitlement",
        "readers.add_entitlement",
        "readers.change_entitlement",
    ),
    Role.REVENUE: (
        Power.SEE_AS,
        Power.SEE_PAYMENTS,
        Power.SEE_RULES,
        Power.CHANGE_RULES,
        Power.SEE_DECISIONS,
        Power.CHANGE_INSTITUTIONS,
        "readers.view_product",
    ),
}


def group_of(role: Role) -> Group:
    """The group of a role with exactly the permissions that the table gives it.

    Raises:
        KeyError: for an admin, who has no group.
    """
    group, _new = Group.objects.get_or_create(name=GROUPS[role])
    wanted = Permission.objects.none()
    if role is Role.EDITOR:
        wanted = Permission.objects.filter(content_type__app_label="newsroom")
    for given in _GIVEN[role]:
        app, _, codename = given.partition(".")
        wanted = wanted | Permission.objects.filter(content_type__app_label=app, codename=codename)
    group.permissions.set(wanted)
    return group


def write_groups(**_signal: object) -> None:
    """After a migration: an upgrade that gives a role more, or less, holds for those who have it already."""
    for role in GROUPS:
        group_of(role)


def give(reader: Reader, role: Role) -> None:
    """Let a reader have this role and no other. Saves the reader."""
    reader.is_staff = reader.is_active = True
    reader.is_superuser = role is Role.ADMIN
    reader.save()
    reader.groups.set([group_of(role)] if role in GROUPS else [])


def role_of(reader: Reader) -> Role | None:
    """The role of somebody of the staff; None for everybody else."""
    if not reader.is_staff:
        return None
    if reader.is_superuser:
        return Role.ADMIN
    held = set(reader.groups.values_list("name", flat=True))
    return next((role for role, name in GROUPS.items() if name in held), None)
