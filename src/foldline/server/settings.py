"""Django's settings for the pages under the prefix, all of them from `foldline.toml` and the environment."""

from __future__ import annotations

import hmac
import os
from urllib.parse import urlsplit

from foldline import config
from foldline.site.billing.providers import provider_from
from foldline.site.database import database_settings
from foldline.stores.keys_in_force import KeysInForce

FOLDLINE = config.load(config.home_from(os.environ), os.environ)
_HOST = urlsplit(FOLDLINE.publication.url)
_PREFIX = FOLDLINE.publication.prefix


def django_key(secret: bytes, purpose: str) -> str:
    """Django's own key for one purpose. Derived, never stored; a session of one process is none in the other."""
    return hmac.digest(secret, f"foldline {purpose}".encode(), "sha256").hex()


DEBUG = False
#: Those that prove something. Django's own keys follow at a restart.
SECRETS = KeysInForce(FOLDLINE.home, FOLDLINE.secrets, FOLDLINE.revoked).look().usable
SECRET_KEY = django_key(SECRETS[0], "django")
FOLDLINE_READERS_KEY = SECRET_KEY
SECRET_KEY_FALLBACKS = [django_key(secret, "django") for secret in SECRETS[1:]]
ALLOWED_HOSTS = [_HOST.hostname or ""]
CSRF_TRUSTED_ORIGINS = [FOLDLINE.publication.url]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
APPEND_SLASH = False
ROOT_URLCONF = "foldline.server.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "foldline.site.readers",
    "foldline.site.billing",
    "foldline.site.institutions",
    "foldline.site.circulation",
    "foldline.site.feeds",
    "foldline.site.gifts",
    "foldline.site.newsroom",
    "foldline.site.machines",
    "foldline.site.newsstand.apps.NewsstandConfig",
    "foldline.site.desk.apps.DeskConfig",
]

MIDDLEWARE = [
    "foldline.site.readers.middleware.private_pages",
    "foldline.site.readers.middleware.single_cookies",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "foldline.site.readers.middleware.OwnForms",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "foldline.site.readers.middleware.running_sessions",
]

# The admin's tables are here, its pages are not.
SILENCED_SYSTEM_CHECKS = ["admin.E409"]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": database_settings(FOLDLINE.home)}

# Counts of tries live here. Each process has its own; a small bound would let many made-up keys push real counts out.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 200_000},
    },
}

LANGUAGE_CODE = FOLDLINE.publication.language
TIME_ZONE = FOLDLINE.publication.zone
USE_TZ = True
USE_I18N = True

AUTH_USER_MODEL = "readers.Reader"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

# `__Host-`: rfc6265bis, 4.1.3.2. Lax, so that a reader who comes from a newsletter is still signed in.
SESSION_COOKIE_NAME = "__Host-foldline-session"
SESSION_COOKIE_AGE = 180 * 86_400
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "__Host-foldline-csrf"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "foldline.site.readers.errors.csrf_failed"

ACCOUNT_ADAPTER = "foldline.site.readers.adapter.ReaderAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_LOGIN_TIMEOUT = 3600
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {
    # On the demonstration everybody comes from one address.
    "request_login_code": "300/10m/ip,60/10m/key" if FOLDLINE.demo else "20/10m/ip,5/10m/key",
    "code_for_address": "60/10m/key" if FOLDLINE.demo else "20/10m/key,60/h/key",
    "sign_in_code": "300/10m/ip" if FOLDLINE.demo else "30/10m/ip",
    "identity": "300/10m/ip" if FOLDLINE.demo else "30/10m/ip",
    # Each opens a page of the payment provider: a guard against who tries out cards.
    "checkout": "300/10m/ip" if FOLDLINE.demo else "10/10m/user,30/10m/ip",
    "withdrawal": "300/10m/ip,60/10m/key" if FOLDLINE.demo else "20/10m/ip,5/10m/key",
    "withdrawal_for_address": "60/10m/key" if FOLDLINE.demo else "20/10m/key,60/h/key",
    # Who guesses numbers and postcodes of print subscribers is stopped in three ways.
    "print_reader": "300/10m/key" if FOLDLINE.demo else "10/h/key",
    "print_network": "300/10m/key" if FOLDLINE.demo else "60/h/key",
    "print_number": "300/10m/key" if FOLDLINE.demo else "20/d/key",
    "passkey": "300/10m/ip" if FOLDLINE.demo else "60/10m/ip",
}
# The gate overwrites this header with the one address that it trusts; the process listens on a unix socket only.
ALLAUTH_TRUSTED_CLIENT_IP_HEADER: str | None = "X-Forwarded-For"

SOCIALACCOUNT_ADAPTER = "foldline.site.readers.oidc.Network"

MFA_ADAPTER = "foldline.site.readers.second_factors.ReaderSecondFactors"
MFA_SUPPORTED_TYPES = ["totp"]
MFA_TOTP_ISSUER = f"{FOLDLINE.publication.name} desk"
MFA_TOTP_TOLERANCE = 1

_TO_FILES = FOLDLINE.demo or not FOLDLINE.mail.host
EMAIL_BACKEND = f"django.core.mail.backends.{'filebased' if _TO_FILES else 'smtp'}.EmailBackend"
EMAIL_FILE_PATH = str(FOLDLINE.home.mail)
EMAIL_HOST = FOLDLINE.mail.host
EMAIL_PORT = FOLDLINE.mail.port
EMAIL_HOST_USER = FOLDLINE.mail.user
EMAIL_HOST_PASSWORD = FOLDLINE.mail.password
EMAIL_USE_TLS = FOLDLINE.mail.security == "starttls"
EMAIL_USE_SSL = FOLDLINE.mail.security == "tls"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = FOLDLINE.mail.sender or f"no-reply@{_HOST.hostname}"

STATIC_URL = "/static/"

# Each process begins its own log (`server/logs.py`), before anything here is read.
LOGGING_CONFIG = None

#: Who takes payments (`site/billing/provider.py`), or None.
FOLDLINE_PROVIDER = provider_from(os.environ, FOLDLINE.publication.url, FOLDLINE.secrets[0])

FOLDLINE_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
