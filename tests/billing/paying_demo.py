"""A newspaper that sells, as it runs: the gate, the site process and the till, each a process of its own."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from tests.billing.till_room import FORM, until
from tests.browser.press_room import SUBSCRIBERS, Demo
from tests.readers.processes import Answer, DeskBrowser

from foldline import config
from foldline.server.demo.mailbox import read_mails
from foldline.site.billing.providers import TillSecrets, till_secrets
from foldline.stores.home import Home

#: The last words of the article that they pay for.
ENDS = "that what matters in a piece of glass is its edge."
NOTICE = "/-/billing/notice"
#: What a payment could change. The numbers of notices that were seen are not among it: they open nothing.
MONEY = (
    "billing_subscription", "billing_billingevent", "billing_order", "readers_entitlement", "foldline_pass_facts",
    "foldline_changes",
)  # fmt: skip

#: A process that readers' pages come from, by what it was started with.
SITE = "foldline.server.site_process site"
#: A killed site process is started again within so many seconds.
RESTART = 40.0
#: The folder whose `sitecustomize` stops processes, and the file in a home that says where.
STOPPING, STOP = Path(__file__).parent / "stopping", "stop-at"

Row = tuple[object, ...]


@dataclass
class PayingDemo:
    demo: Demo

    @property
    def port(self) -> int:
        return urlsplit(self.demo.url).port or 0

    @property
    def till(self) -> str:
        return str(self.demo.facts["till"]).rstrip("/")

    @property
    def secrets(self) -> TillSecrets:
        return till_secrets(config.load(Home(self.demo.home), {}).secrets[0])

    # Readers

    def signed_in(self, address: str) -> DeskBrowser:
        """A device of somebody who has just signed in."""
        device = DeskBrowser(self.port)
        device.get("/-/sign-in")
        before = len(self._codes(address))
        assert device.post("/-/sign-in", {"email": address, "next": "/"}).status == 303
        until(lambda: len(self._codes(address)) > before)
        device.get("/-/sign-in/code")
        assert device.post("/-/sign-in/code", {"code": self._codes(address)[0]}).status == 303
        return device

    def _codes(self, address: str) -> list[str]:
        mails = read_mails(self.demo.home / "mail", self.demo.url)
        return [mail.code for mail in mails if mail.to == address and mail.code]

    def opens(self, device: DeskBrowser) -> bool:
        """Whether a device is sent the whole article."""
        return ENDS in device.get(SUBSCRIBERS).text

    def form(self, device: DeskBrowser) -> dict[str, str]:
        page = device.get(f"/-/subscribe?next={SUBSCRIBERS}").text
        named = re.findall(r'<input type="hidden" name="(next|order|terms)" value="([^"]*)"', page)
        return {**dict(named), "plan": "month", "agreed": "1"}

    def begin(self, device: DeskBrowser) -> str:
        """The address of the till's page."""
        answer = device.post("/-/subscribe", self.form(device))
        assert answer.status == 200, answer.text
        return answer.headers["refresh"].removeprefix("0; url=")

    def pay(self, device: DeskBrowser) -> str:
        """Pay at the till; the path that leads back, not followed yet."""
        return self.at_till(self.begin(device), card="works").headers["location"].removeprefix(self.demo.url)

    # The till

    def at_till(self, address: str, **form: str) -> Answer:
        parts = urlsplit(address)
        with closing(http.client.HTTPConnection(parts.netloc, timeout=10)) as line:
            line.request("POST", parts.path, urlencode(form), FORM)
            answer = line.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            assert answer.status == 303, answer.status
            return Answer(answer.status, headers, answer.read().decode())

    def notices_come(self, when: str) -> None:
        self.at_till(f"{self.till}/delivery", delivery=when)

    def at_the_till(self, kind: str) -> list[dict[str, object]]:
        """The till's own objects of a kind, oldest first."""
        with closing(sqlite3.connect(f"file:{self.demo.home / 'till.db'}?mode=ro", uri=True, timeout=5)) as book:
            rows = book.execute("SELECT body FROM object WHERE kind = ? ORDER BY seq", (kind,)).fetchall()
        return [json.loads(row[0]) for row in rows]

    def subscriptions_of(self, address: str) -> list[str]:
        customers = {one["id"] for one in self.at_the_till("customer") if one["email"] == address}
        return [str(one["id"]) for one in self.at_the_till("subscription") if one["customer"] in customers]

    def subscription_of(self, address: str) -> str:
        (one,) = self.subscriptions_of(address)
        return one

    def charges(self, address: str) -> int:
        """How often somebody was charged."""
        theirs = self.subscriptions_of(address)
        return sum(one["subscription"] in theirs for one in self.at_the_till("invoice"))

    # The gate

    def tell(self, body: bytes, signatures: Sequence[str]) -> int:
        """A notice to the gate, as bytes, with as many lines of a signature as are given."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as line:
            line.putrequest("POST", NOTICE)
            line.putheader("Content-Type", "application/json")
            line.putheader("Content-Length", str(len(body)))
            for signature in signatures:
                line.putheader("Till-Signature", signature)
            line.endheaders(body)
            answer = line.getresponse()
            answer.read()
            return answer.status

    def money(self) -> dict[str, list[Row]]:
        """Every row that says who paid and what is open, but for the numbers of notices."""
        with closing(sqlite3.connect(f"file:{self.demo.home / 'site.db'}?mode=ro", uri=True, timeout=5)) as site:
            return {table: site.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in MONEY}

    # Processes

    def process(self, module: str) -> int:
        """The number of a process of this newspaper, by what it was started with."""
        home = f"FOLDLINE_HOME={self.demo.home}".encode()
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                said = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                if said.endswith(module) and home in (folder / "environ").read_bytes().split(b"\0"):
                    return int(folder.name)
            except OSError:
                continue
        return 0

    def kill_site(self) -> None:
        """As a machine does that has no memory left: no handler runs."""
        os.kill(self.process(SITE), signal.SIGKILL)

    @contextmanager
    def killed_at(self, place: str) -> Iterator[Callable[[], None]]:
        """The site process stops at a place of `tests.billing.stopping`; what is given waits for that, and kills it."""
        stop, reached = self.demo.home / STOP, self.demo.home / f"{STOP}.reached"
        stop.write_text(place, encoding="ascii")

        def killed() -> None:
            until(reached.exists, RESTART)
            stop.unlink()
            self.kill_site()

        try:
            yield killed
        finally:
            stop.unlink(missing_ok=True)
            reached.unlink(missing_ok=True)

    def entitlements(self, address: str) -> list[Row]:
        """The entitlements of somebody: (kind, whether it was ended)."""
        asked = (
            "SELECT kind, ended_at IS NOT NULL FROM readers_entitlement JOIN readers_reader AS reader"
            " ON reader.id = reader_id WHERE email = ?"
        )
        with closing(sqlite3.connect(f"file:{self.demo.home / 'site.db'}?mode=ro", uri=True, timeout=5)) as site:
            return site.execute(asked, (address,)).fetchall()

    def receipts(self, address: str) -> int:
        """How many mails confirm somebody's contract."""
        mails = read_mails(self.demo.home / "mail", self.demo.url)
        return sum(mail.to == address and mail.subject.startswith("Your subscription to") for mail in mails)

    def reconcile(self) -> subprocess.CompletedProcess[str]:
        """The verb, typed on the machine where the newspaper runs."""
        keep = {name: value for name, value in os.environ.items() if not name.startswith(("FOLDLINE_", "DJANGO_"))}
        environ = {**keep, "FOLDLINE_HOME": str(self.demo.home), "FOLDLINE_TILL": self.till}
        verb = [sys.executable, "-m", "foldline.cli.main", "billing", "reconcile"]
        return subprocess.run(verb, env=environ, capture_output=True, text=True, timeout=120, check=False)

    @contextmanager
    def till_hangs(self) -> Iterator[None]:
        """The till takes connections, and answers none of them."""
        number = self.process("foldline.server.demo.till_process")
        os.kill(number, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(number, signal.SIGCONT)

    def is_asked(self) -> bool:
        """Whether somebody has a connection to the till now (proc(5), tcp; 01 is established)."""
        port = f"0100007F:{urlsplit(self.till).port:04X}"
        lines = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
        return any(line[2] == port and line[3] == "01" for line in lines)
