"""Asks a WSGI application for an article, in a thread of its own: the same call that its server makes."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import io
import logging
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from foldline.errors import OriginUnavailable
from foldline.sources.mounted.identity import MARK, NOBODY, Place, own_fields, split_target
from foldline.sources.mounted.whole_answer import WholeAnswer, is_read
from foldline.sources.origin.fetch import AT_ONCE, MOST_PAGE
from foldline.sources.origin.headers import Fields, is_unsendable

log = logging.getLogger(__name__)

Application = Callable[..., Iterable[bytes]]

#: Seconds that an application has for a page, and that a question waits for a thread.
DEADLINE, TURN = 15.0, 3.0


class WsgiSite:
    """`at_once` threads at most are in the application. One that never comes back is not counted out: it can't be
    ended."""

    def __init__(
        self, application: Application, place: Place, *, deadline: float = DEADLINE, at_once: int = AT_ONCE
    ) -> None:
        self._application = application
        self._place = place
        self._deadline = deadline
        self._room = asyncio.Semaphore(at_once)

    async def ask(self, method: str, target: bytes, fields: Fields) -> WholeAnswer:
        """What the application answers. It knows of nobody but the gate: no thread, no context of any reader.

        Raises:
            OriginUnavailable: it fails, is too slow, or every thread is in it.
        """
        try:
            await asyncio.wait_for(self._room.acquire(), TURN)
        except TimeoutError as error:
            raise OriginUnavailable("busy") from error
        loop = asyncio.get_running_loop()
        come: asyncio.Future[WholeAnswer] = loop.create_future()
        environ = self._environ(method, target, fields)

        def ended(answer: WholeAnswer | None) -> None:
            self._room.release()
            if come.done():
                return
            if answer is None:
                come.set_exception(OriginUnavailable("failing", "the application raised an exception"))
            else:
                come.set_result(answer)

        def run() -> None:
            answer = None
            try:
                answer = contextvars.Context().run(_called, self._application, environ)
            except Exception:
                log.exception("the application failed at an article")
            finally:
                # A loop that was closed meanwhile waits for nobody.
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(ended, answer)

        threading.Thread(target=run, name="foldline asks", daemon=True).start()
        try:
            return await asyncio.wait_for(come, self._deadline)
        except TimeoutError as error:
            raise OriginUnavailable("slow") from error

    def close(self) -> None:
        """Nothing is held: who is under way ends by itself."""

    def _environ(self, method: str, target: bytes, fields: Fields) -> dict[str, Any]:
        _, path, query = split_target(target)
        host, port = self._place.server
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": self._place.mount.encode().decode("latin-1"),
            "PATH_INFO": self._place.under_mount(path).decode("latin-1"),
            "QUERY_STRING": query.decode("latin-1"),
            "SERVER_NAME": host,
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": NOBODY,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self._place.scheme,
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            MARK: True,
        }
        for name, value in own_fields(fields):
            environ[f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}"] = value.decode("latin-1")
        return environ


def _called(application: Application, environ: dict[str, Any]) -> WholeAnswer:
    said: list[tuple[str, list[tuple[str, str]]]] = []
    body = bytearray()

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], None]:
        said[:] = [(status, headers)]
        return body.extend

    cut_off = too_large = False
    came = application(environ, start_response)
    try:
        for chunk in came:
            body += chunk
            too_large = len(body) > MOST_PAGE
            if too_large or (said and not is_read(*_head(*said[0]))):
                break
    except Exception:
        if not said:
            raise
        log.exception("the application failed in the middle of an article")
        cut_off = True
    finally:
        close = getattr(came, "close", None)
        if close is not None:
            close()
    if not said:
        raise OriginUnavailable("broken", "the application began no answer")
    status, headers = _head(*said[0])
    if is_unsendable(headers):
        raise OriginUnavailable("broken", "control bytes in a field")
    return WholeAnswer(status, headers, bytes(body), cut_off=cut_off, too_large=too_large)


def _head(status: str, headers: list[tuple[str, str]]) -> tuple[int, list[tuple[bytes, bytes]]]:
    return int(status.split(" ")[0]), [
        (name.lower().encode("latin-1"), value.strip().encode("latin-1")) for name, value in headers
    ]
