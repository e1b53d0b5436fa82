"""Passkeys: allauth's table and parts, with our own rules for whom a key is good.

The relying party is the publication's configured host, and the origin its address to the letter: allauth would take the
request's host for the one, and every host below it for the other. A key always verifies its owner (PIN, finger, face):
it is all that a sign-in needs. It is never asked for after a code.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import get_authenticator_by_credential_id, get_credentials
from django.db.models import QuerySet
from django.http import HttpRequest
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from foldline.errors import InvalidToken
from foldline.site.readers import moment
from foldline.site.readers.models import Reader
from foldline.site.readers.rendering import publication

MOST = 20
LONGEST_NAME = 60

#: Seconds from the question to the answer. A question is answered once.
ANSWER_WITHIN = 300
_ASKED = "passkey"

#: What parsers raise about bytes that a stranger wrote.
_MALFORMED = (ValueError, TypeError, KeyError, AttributeError, IndexError, AssertionError, RecursionError, struct.error)


def offered() -> bool:
    """Whether browsers can keep a passkey for this publication: it needs a name, not a number (WebAuthn, 5.1.2)."""
    host = _host()
    try:
        ip_address(host)
    except ValueError:
        return bool(host)
    return False


def of(reader: Reader) -> QuerySet[Authenticator]:
    """A reader's passkeys, the oldest first."""
    found: QuerySet[Authenticator] = Authenticator.objects.filter(user=reader, type=Authenticator.Type.WEBAUTHN)
    return found.order_by("created_at", "pk")


def ask_for_new(request: HttpRequest, reader: Reader) -> dict[str, Any]:
    """What a browser must be told to make a passkey for a reader."""
    user = PublicKeyCredentialUserEntity(id=bytes.fromhex(reader.key), name=reader.email, display_name=str(reader))
    options, state = _server().register_begin(
        user,
        get_credentials(reader),
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    _remember(request, "new", state)
    return dict(options)


def add(request: HttpRequest, reader: Reader, answer: str, name: str) -> Authenticator:
    """Keep the passkey that a browser made.

    Raises:
        InvalidToken: for anything but the answer to the last question, made for this publication.
    """
    state = _recall(request, "new")
    try:
        credential = _parsed(answer)
        made = _server().register_complete(state, RegistrationResponse.from_dict(credential))
    except _MALFORMED as error:
        raise InvalidToken("not a new passkey") from error
    number = websafe_encode(made.credential_data.credential_id) if made.credential_data is not None else ""
    # One key must never open two accounts.
    if not number or Authenticator.objects.filter(data__credential__rawId=number).exists():
        raise InvalidToken("a passkey that is known already")
    response = {name: credential["response"][name] for name in ("clientDataJSON", "attestationObject")}
    kept = {"id": number, "rawId": number, "type": "public-key", "response": response}
    data = {"name": name.strip()[:LONGEST_NAME], "credential": kept}
    saved: Authenticator = Authenticator.objects.create(user=reader, type=Authenticator.Type.WEBAUTHN, data=data)
    return saved


def ask_for_known(request: HttpRequest) -> dict[str, Any]:
    """What a browser must be told to sign in by whichever passkey it has. It tells nobody who has one."""
    options, state = _server().authenticate_begin(user_verification=UserVerificationRequirement.REQUIRED)
    _remember(request, "known", state)
    return dict(options)


def reader_of(request: HttpRequest, answer: str) -> Reader:
    """Whose passkey answered.

    Raises:
        InvalidToken: for anything but an answer to the last question by a passkey of an account that is open here.
    """
    state = _recall(request, "known")
    try:
        credential = _parsed(answer)
        handle = websafe_decode(credential["response"]["userHandle"]).hex()
        reader = Reader.objects.of_key(handle)
        if reader is None or not reader.is_active:
            raise InvalidToken("a passkey of nobody")
        used = _server().authenticate_complete(
            state, get_credentials(reader), AuthenticationResponse.from_dict(credential)
        )
    except _MALFORMED as error:
        raise InvalidToken("not a passkey of this publication") from error
    passkey = get_authenticator_by_credential_id(reader, used.credential_id)
    if passkey is None:
        raise InvalidToken("a passkey that was removed")
    passkey.record_usage()
    return reader


def rename(passkey: Authenticator, name: str) -> None:
    """Give a passkey another name; an empty one changes nothing."""
    if name.strip():
        passkey.data = {**passkey.data, "name": name.strip()[:LONGEST_NAME]}
        passkey.save(update_fields=["data"])


def _host() -> str:
    return urlsplit(publication().url).hostname or ""


def _server() -> Fido2Server:
    entity = PublicKeyCredentialRpEntity(id=_host(), name=publication().name)
    return Fido2Server(entity, verify_origin=lambda origin: origin == publication().url)


def _parsed(answer: str) -> dict[str, Any]:
    credential = json.loads(answer)
    if not isinstance(credential, dict):
        raise TypeError("not an object")
    return credential


def _remember(request: HttpRequest, what: str, state: Mapping[str, Any]) -> None:
    request.session[_ASKED] = {"what": what, "at": moment.epoch(), "state": dict(state)}


def _recall(request: HttpRequest, what: str) -> Mapping[str, Any]:
    asked = request.session.pop(_ASKED, None)
    if not asked or asked["what"] != what or not 0 <= moment.epoch() - asked["at"] <= ANSWER_WITHIN:
        raise InvalidToken("nothing was asked")
    state: Mapping[str, Any] = asked["state"]
    return state
