"""Python runs this first in each process of a newspaper that has this folder in PYTHONPATH: a process that comes to the
place named in `stop-at` in its home ("before orders.confirm") says so beside that file, and goes no further: it is to
be killed there."""

import os
import sys
import time
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import PathFinder
from pathlib import Path

STOP = Path(os.environ.get("FOLDLINE_HOME", "/nowhere"), "stop-at")
PLACES = {
    "foldline.site.billing.ledger": "apply",
    "foldline.site.billing.owned": "follow",
    "foldline.site.billing.orders": "confirm",
    "foldline.site.readers.passes": "give_pass",
}


def _stop(place):
    if STOP.exists() and STOP.read_text(encoding="ascii") == place:
        STOP.with_name("stop-at.reached").touch()
        time.sleep(600)


def _stopping(function, name):
    def stopping(*given, **named):
        _stop(f"before {name}")
        answer = function(*given, **named)
        _stop(f"after {name}")
        return answer

    return stopping


class _Loader(Loader):
    def __init__(self, honest):
        self.honest = honest

    def create_module(self, spec):
        return self.honest.create_module(spec)

    def exec_module(self, module):
        self.honest.exec_module(module)
        name = PLACES[module.__name__]
        short = f"{module.__name__.rpartition('.')[2]}.{name}"
        setattr(module, name, _stopping(getattr(module, name), short))


class _Finder(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name not in PLACES:
            return None
        spec = PathFinder.find_spec(name, path, target)
        spec.loader = _Loader(spec.loader)
        return spec


sys.meta_path.insert(0, _Finder())
