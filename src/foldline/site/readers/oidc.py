"""Signing in elsewhere (OpenID Connect, code flow with PKCE): the question, and what is believed of the answer.

allauth does the HTTP and the states. It knows no nonce, takes an ID token's signature on trust, and needs keys to have
names, so what is compared stands here (OpenID Connect Core, 3.1.3.7).
"""

from __future__ import annotations

import hmac
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
import requests
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal import statekit
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.utils import generate_code_challenge
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import HttpRequest
from django.urls import reverse
from urllib3.exceptions import HTTPError

from foldline.config import Provider
from foldline.errors import InvalidToken, StoreUnavailable
from foldline.site.readers.rendering import publication

#: Seconds for each of at most four questions to a provider, and the most bytes of an answer. Together they stay below
#: what the gate waits for a page.
ANSWER_WITHIN = 4.0
MOST_BYTES = 1 << 20

#: An address for the reader, and nothing else: no name, no picture.
SCOPE = "openid email"

#: Signatures that only the provider can make. `none` is none, and a shared secret would be ours as well.
ALGORITHMS = frozenset(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"))
MOST_KEYS = 20

#: How far two clocks may be apart, in seconds.
LEEWAY = 60

#: What a broken answer raises in whoever reads it.
_MALFORMED = (OAuth2Error, jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError)


@dataclass(frozen=True, slots=True)
class Who:
    """Who a provider says that somebody is. `email` is "" unless it says that the address is theirs."""

    subject: str
    email: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What this browser wanted when it was sent away: the path to come back to, and for whom a sign-in is linked
    (a reader's key), "" for signing in."""

    return_path: str
    linked_to: str


class BoundedSession(requests.Session):
    """Answers in time, of a bounded size, and never from another address than was asked."""

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        end = time.monotonic() + ANSWER_WITHIN
        kwargs.update(stream=True, timeout=ANSWER_WITHIN, allow_redirects=False)
        response = super().send(request, **kwargs)
        body = bytearray()
        try:
            # What has come so far, and no waiting for more: a byte now and then would put off a timeout for ever.
            while part := response.raw.read1(8192, decode_content=True):
                body += part
                if len(body) > MOST_BYTES or time.monotonic() > end:
                    raise requests.Timeout("the answer is too slow or too large")
        except HTTPError as error:
            raise requests.ConnectionError("the answer broke off") from error
        finally:
            response.close()
        response._content = bytes(body)
        return response


class Network(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """How allauth reaches a provider."""

    def get_requests_session(self) -> requests.Session:
        return BoundedSession()


class _Conversation(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """allauth's conversation with one provider of `foldline.toml`: no provider is read from the database."""

    def __init__(self, request: HttpRequest, provider: Provider) -> None:
        super().__init__(request, provider.name)
        self.settings = provider
        self.app = SocialApp(
            provider=OpenIDConnectProvider.id,
            provider_id=provider.name,
            name=provider.label,
            client_id=provider.client,
            secret=provider.secret,
            settings={"server_url": provider.issuer.rstrip("/")},
        )

    def get_provider(self) -> OpenIDConnectProvider:
        return OpenIDConnectProvider(self.request, app=self.app)

    @property
    def openid_config(self) -> dict[str, Any]:
        found: dict[str, Any] = super().openid_config
        if found["issuer"] != self.settings.issuer:
            raise OAuth2Error("another issuer answers")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            self._require_safe(found[name])
        return found

    @property
    def basic_auth(self) -> bool:
        methods = self.openid_config.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return "client_secret_post" not in methods

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        return f"{publication().url}{reverse('identity_back', args=[self.settings.name])}"

    def keys(self) -> list[dict[str, Any]]:
        """The keys that the provider signs with."""
        with Network().get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["keys"]
        return found

    def user_info(self, access_token: str) -> dict[str, Any]:
        self._require_safe(self.openid_config["userinfo_endpoint"])
        found: dict[str, Any] = self._fetch_user_info(access_token)
        return found

    def _require_safe(self, address: str) -> None:
        """The secret and the codes go over https, unless the publisher named a provider on loopback."""
        if urlsplit(address).scheme not in ("https", urlsplit(self.settings.issuer).scheme):
            raise OAuth2Error("an endpoint without https")


def ask(request: HttpRequest, provider: Provider, asked: Asked) -> str:
    """The address at the provider where the browser goes on. What must come back is kept in the browser's session.

    Raises:
        StoreUnavailable: the provider does not answer, or not as one.
    """
    conversation = _Conversation(request, provider)
    challenge = generate_code_challenge()
    nonce = secrets.token_urlsafe(24)
    try:
        address = conversation.authorize_url
        state = {"asked": [asked.return_path, asked.linked_to], "nonce": nonce, "verifier": challenge["code_verifier"]}
        query = {
            "client_id": provider.client,
            "redirect_uri": conversation.get_callback_url(request, conversation.app),
            "response_type": "code",
            "scope": SCOPE,
            "state": statekit.stash_state(request, provider_id=provider.name, state=state),
            "nonce": nonce,
            "code_challenge": challenge["code_challenge"],
            "code_challenge_method": challenge["code_challenge_method"],
        }
    except (requests.RequestException, *_MALFORMED) as error:
        raise StoreUnavailable(f"sign-in {provider.name}: {type(error).__name__}") from error
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"


def recall(request: HttpRequest, provider: Provider) -> tuple[Asked, dict[str, Any]]:
    """What this browser was sent away with. It is forgotten at once: an answer is good for one try.

    Raises:
        InvalidToken: this browser did not ask, or it asked too long ago.
    """
    state_id = request.GET.get("state", "")
    state = statekit.unstash_state(request, provider_id=provider.name, state_id=state_id)
    if state is None:
        raise InvalidToken("nothing was asked")
    return Asked(*state["asked"]), state


def answer(request: HttpRequest, provider: Provider, state: dict[str, Any]) -> Who:
    """Who has signed in at the provider.

    Raises:
        InvalidToken: for anything but the provider's own, fresh answer to our question.
        StoreUnavailable: the provider does not answer.
    """
    if not request.GET.get("code") or request.GET.get("iss", provider.issuer) != provider.issuer:
        raise InvalidToken("no code")
    conversation = _Conversation(request, provider)
    try:
        client = conversation.get_client(request, conversation.app)
        token = conversation.get_access_token_data(request, conversation.app, client, state["verifier"])
        claims = _verified(token["id_token"], conversation.keys(), provider)
        _require_ours(claims, provider, state["nonce"])
        told = claims if {"email", "email_verified"} <= claims.keys() else _more(conversation, token, claims)
    except requests.RequestException as error:
        raise StoreUnavailable(f"sign-in {provider.name}: {type(error).__name__}") from error
    except _MALFORMED as error:
        raise InvalidToken("not an answer") from error
    verified = told.get("email_verified") in (True, "true")
    return Who(claims["sub"], str(told.get("email") or "") if verified else "")


def _verified(id_token: str, keys: list[dict[str, Any]], provider: Provider) -> dict[str, Any]:
    """The claims of an ID token that one of the provider's keys has signed. A provider of one key need not name it."""
    header = jwt.get_unverified_header(id_token)
    if header["alg"] not in ALGORITHMS:
        raise InvalidToken("an algorithm that anybody could use")
    error: Exception = InvalidToken("no key of the provider")
    for key in keys[:MOST_KEYS]:
        if key.get("use", "sig") != "sig" or header.get("kid", key.get("kid")) != key.get("kid"):
            continue
        try:
            claims: dict[str, Any] = jwt.decode(
                id_token,
                jwt.PyJWK(key, header["alg"]).key,
                algorithms=[header["alg"]],
                audience=provider.client,
                issuer=provider.issuer,
                leeway=LEEWAY,
                options={"require": ["iss", "aud", "exp", "iat", "sub"]},
            )
        except jwt.PyJWTError as refused:
            error = refused
        else:
            return claims
    raise error


def _require_ours(claims: dict[str, Any], provider: Provider, nonce: str) -> None:
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= 191:
        raise InvalidToken("no subject")
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise InvalidToken("another nonce")
    if claims.get("azp", provider.client) != provider.client:
        raise InvalidToken("for somebody else")


def _more(conversation: _Conversation, token: dict[str, Any], claims: dict[str, Any]) -> dict[str, Any]:
    """What the provider tells beside its token. It must be about the same person (OpenID Connect Core, 5.3.2)."""
    if "userinfo_endpoint" not in conversation.openid_config:
        return {}
    told = conversation.user_info(token["access_token"])
    if told["sub"] != claims["sub"]:
        raise InvalidToken("about somebody else")
    return told
