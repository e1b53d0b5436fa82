"""Django's settings for the desk: a host of its own, staff only, other keys and cookies than the readers' pages."""

from __future__ import annotations

from pathlib import Path

from foldline.pages import assets
from foldline.server.settings import *  # noqa: F403
from foldline.server.settings import FOLDLINE, INSTALLED_APPS, SECRETS, TEMPLATES, django_key
from foldline.site import desk

# Of another key: a session of the readers' side, copied into the desk's cookie, is none.
SECRET_KEY = django_key(SECRETS[0], "django desk")
SECRET_KEY_FALLBACKS = [django_key(secret, "django desk") for secret in SECRETS[1:]]
ALLOWED_HOSTS = [*{FOLDLINE.desk[0]: None, "127.0.0.1": None, "localhost": None, "[::1]": None}]
CSRF_TRUSTED_ORIGINS = []
ROOT_URLCONF = "foldline.server.desk_urls"
SILENCED_SYSTEM_CHECKS = []
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024

INSTALLED_APPS = [
    "foldline.site.desk.apps.DeskAdminConfig" if app.startswith("django.contrib.admin") else app
    for app in INSTALLED_APPS
]

MIDDLEWARE = [
    "foldline.site.desk.middleware.framed_pages",
    "foldline.site.readers.middleware.private_pages",
    "foldline.site.readers.middleware.single_cookies",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "foldline.site.desk.middleware.staff_with_second_factor",
]

# Before Django's own, so that its admin stands in the desk's colours.
TEMPLATES = [{**TEMPLATES[0], "DIRS": [str(Path(desk.__file__).parent / "templates_over")]}]

# The desk's pages are set in the publication's own letters.
STATICFILES_DIRS = [("desk/fonts", str(Path(assets.__file__).parent / "assets" / "fonts"))]

LANGUAGE_CODE = FOLDLINE.publication.language
LOGIN_REDIRECT_URL = "/"

# No `__Host-`: on loopback the desk is a port of the readers' own host, and cookies know no ports.
SESSION_COOKIE_NAME = "foldline-desk-session"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_SAVE_EVERY_REQUEST = False
SESSION_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_NAME = "foldline-desk-csrf"
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_FAILURE_VIEW = "foldline.site.desk.errors.csrf_failed"

ACCOUNT_ADAPTER = "foldline.site.desk.adapter.DeskAdapter"
ACCOUNT_LOGIN_BY_CODE_ENABLED = False
MFA_ADAPTER = "foldline.site.readers.second_factors.DeskSecondFactors"
# Nothing of ours stands before the desk: the address is that of the connection.
ALLAUTH_TRUSTED_CLIENT_IP_HEADER = None

FOLDLINE_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
