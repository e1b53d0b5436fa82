"""A library's rewriting proxy (EZproxy and its kind): readers type its host, it asks ours from the library's network,
and what names our host is rewritten to its own."""

from __future__ import annotations

import http.client
import re
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit

import lxml.html

#: What any proxy lets through. `Host` is rewritten.
_KNOWN = frozenset(("accept", "accept-language", "content-type", "cookie", "referer", "user-agent"))
#: What becomes of the headers by which a browser says where a request comes from: they are rewritten as far as they
#: name the proxy; they are dropped, as headers that the proxy does not know; they are passed on as they are.
MODES = ("rewrites", "drops", "passes")
#: Where a page may lead: attribute by element.
_LEADS = {
    "a": "href",
    "link": "href",
    "img": "src",
    "script": "src",
    "form": "action",
    "iframe": "src",
    "source": "src",
}


@dataclass
class Page:
    """What the patron's browser is shown, after rewriting."""

    url: str
    status: int
    headers: list[tuple[str, str]]
    text: str

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def tree(self) -> lxml.html.HtmlElement:
        return lxml.html.fromstring(self.text)

    def leads(self) -> list[str]:
        """Every address that the page leads to or takes something from, as a browser resolves it."""
        found = [
            urljoin(self.url, element.get(attribute))
            for tag, attribute in _LEADS.items()
            for element in self.tree.iter(tag)
            if element.get(attribute)
        ]
        data = [element.get(name) for element in self.tree.iter() for name in ("data-read", "data-src")]
        styles = re.findall(r"url\(([^)]+)\)", self.text)
        found += [urljoin(self.url, text) for text in (*data, *styles) if text]
        if location := self.header("location"):
            found.append(urljoin(self.url, location))
        return found


@dataclass
class Patron:
    """A browser at the library's proxy. `port` is our gate's on loopback, `ours` the host that our readers type."""

    ours: str
    port: int
    mode: str
    source: str = "127.0.0.2"
    theirs: str = "paper-example.proxy.lib.test"
    jar: SimpleCookie = field(default_factory=SimpleCookie)
    page: Page | None = None

    @property
    def base(self) -> str:
        return f"http://{self.theirs}"

    def get(self, path: str) -> Page:
        return self._ask("GET", urljoin(self.page.url if self.page else self.base, path), {})

    def post(self, path: str, fields: dict[str, str]) -> Page:
        said = {"Origin": self.base, "Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", urljoin(self.base, path), said, urlencode(fields))

    def submit(self, **fields: str) -> Page:
        """Send the page's form that has these fields, and go where that leads."""
        assert self.page is not None
        form = next(one for one in self.page.tree.forms if set(fields) <= set(one.fields))
        given = {name: value or "" for name, value in form.form_values()} | fields
        answer = self.post(urljoin(self.page.url, form.action or self.page.url), given)
        return self.get(answer.header("location")) if answer.status == 303 else answer

    def _ask(self, method: str, url: str, said: dict[str, str], body: str | None = None) -> Page:
        parts = urlsplit(url)
        assert parts.netloc == self.theirs, f"{url} escapes from the proxy"
        browser = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin", **said}
        if self.page is not None:
            browser["Referer"] = self.page.url
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20, source_address=(self.source, 0))
        try:
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target or "/", body, self._forwarded(browser))
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            headers = [(name, value) for name, value in answer.getheaders() if name.lower() != "set-cookie"]
            for name, value in answer.getheaders():
                if name.lower() == "set-cookie":
                    self.jar.load(value)
        finally:
            connection.close()
        shown = Page(
            url, answer.status, [(name, self._rewritten(value)) for name, value in headers], self._rewritten(text)
        )
        if method == "GET" and "html" in shown.header("content-type"):
            self.page = shown
        return shown

    def _forwarded(self, browser: dict[str, str]) -> dict[str, str]:
        sent = {name: value for name, value in browser.items() if name.lower() in _KNOWN or self.mode != "drops"}
        for name in ("Referer", "Origin"):
            if name in sent and (self.mode != "passes" or name == "Referer"):
                sent[name] = sent[name].replace(self.base, f"http://{self.ours}")
        if self.jar:
            # The proxy keeps the cookies of the sites behind it.
            sent["Cookie"] = "; ".join(f"{name}={one.value}" for name, one in self.jar.items() if one.value)
        return {"Host": self.ours, **sent}

    def _rewritten(self, text: str) -> str:
        return re.sub(rf"https?://{re.escape(self.ours)}", self.base, text)
