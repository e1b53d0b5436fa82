"""The gate in front of an application in the same process: `application = gate_wsgi(application, home="/srv/paper")`.

How it is set up, and what it can't do: docs/mounted.md. Django is not imported by any of this.
"""

from __future__ import annotations

import os
from pathlib import Path

from foldline.config import home_from, load
from foldline.gate import wsgi
from foldline.server.mounted_asgi import MountedAsgi
from foldline.server.mounted_wsgi import MountedWsgi
from foldline.sources.mounted import asgi_site

__all__ = ["gate_asgi", "gate_wsgi"]


def gate_wsgi(application: wsgi.Application, home: str | Path | None = None, *, mount: str = "") -> MountedWsgi:
    """A WSGI application that answers articles as the gate does, and leaves the rest to `application`.

    It belongs outside of every other middleware. `home` is the publication's folder, `FOLDLINE_HOME` where none is
    given. `mount` is the path under which a server has the application (`SCRIPT_NAME`), as in "/news".

    Raises:
        ConfigurationError: with everything that is wrong with the home folder.
    """
    return MountedWsgi(application, load(home_from(os.environ, home), os.environ), mount)


def gate_asgi(application: asgi_site.Application, home: str | Path | None = None, *, mount: str = "") -> MountedAsgi:
    """The same for an ASGI application; `mount` is its `root_path`.

    Raises:
        ConfigurationError: with everything that is wrong with the home folder.
    """
    return MountedAsgi(application, load(home_from(os.environ, home), os.environ), mount)
