"""Tells the database every few seconds what this host goes by: hosts that differ are found by it."""

from __future__ import annotations

import logging
import socket
import threading
import time
from contextlib import closing

from foldline import __version__
from foldline.config import Settings
from foldline.errors import Problem, StoreUnavailable
from foldline.server.gate_state import rules_in_force
from foldline.stores.home import Home
from foldline.stores.hosts import TELL_EVERY, HostRow, HostStore, problems_of_hosts
from foldline.stores.keys_in_force import KeysInForce

log = logging.getLogger(__name__)


def name_of(home: Home) -> str:
    """What this host is called: two homes on one machine are two, and `FOLDLINE_HOST_NAME` tells machines of one name
    apart."""
    return home.host or f"{socket.gethostname()}:{home.path}"


def run_forever(settings: Settings, stop: threading.Event) -> None:
    """Tell until `stop` is set. What this process began with is told, not what lies in the folder since."""
    keys = KeysInForce(settings.home, settings.secrets, settings.revoked)
    with closing(rules_in_force(settings)) as rules, HostStore(settings.home) as store:
        told = True
        while True:
            now = int(time.time())
            decides = rules.look(now)
            version = decides.version if decides is not None else ""
            row = HostRow(name_of(settings.home), keys.look().digests, version, __version__, now)
            try:
                store.tell(row)
                told = True
            except StoreUnavailable as error:
                if told:
                    log.warning("%s", error)
                told = False
            if stop.wait(TELL_EVERY):
                return


def host_problems(settings: Settings) -> list[Problem]:
    """What is wrong between the hosts of a publication: FL354 to FL357; nothing where they can't be asked about."""
    try:
        with HostStore(settings.home, read_only=True) as store:
            return problems_of_hosts(*store.known())
    except StoreUnavailable:
        return []
