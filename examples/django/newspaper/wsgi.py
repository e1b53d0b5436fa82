"""What a WSGI server runs: Django, and the gate outside of it."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from foldline.mounted import gate_wsgi

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newspaper.settings")
application = gate_wsgi(get_wsgi_application(), home=settings.BASE_DIR / "home")
