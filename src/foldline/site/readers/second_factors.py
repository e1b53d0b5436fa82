"""Second factors: only staff have them, only the desk asks for them, and their secrets are stored encrypted."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser

from foldline import config


class ReaderSecondFactors(DefaultMFAAdapter):  # type: ignore[misc]
    """On the readers' side nobody has a second factor: allauth would take any passkey for one, and ask for it after a
    code on a device that does not have it."""

    def is_mfa_enabled(self, user: AbstractBaseUser, types: Sequence[str] | None = None) -> bool:
        return False

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()


class DeskSecondFactors(ReaderSecondFactors):
    """At the desk an authenticator application counts, and nothing else."""

    def is_mfa_enabled(self, user: AbstractBaseUser, types: Sequence[str] | None = None) -> bool:
        found = Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP)
        return bool(found.exists())

    def get_totp_issuer(self) -> str:
        return str(settings.MFA_TOTP_ISSUER)


def _cipher() -> MultiFernet:
    foldline: config.Settings = settings.FOLDLINE
    keys = (hmac.digest(secret, b"foldline second factor", "sha256") for secret in foldline.secrets)
    return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in keys])
