"""One family of errors: each names what was wrong, where, and the next step."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the configuration, an import or a page.

    `id` is stable and public (`docs/checks.md`); `where` is a file with a line, a setting or an address;
    `hint` is the next step in plain words.
    """

    id: str
    what: str
    where: str = ""
    hint: str = ""

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        if not self.hint:
            return f"{self.id} {where}{self.what}"
        stop = "" if self.what.endswith((".", "!", "?", ":")) else "."
        return f"{self.id} {where}{self.what}{stop} {self.hint}"


class FoldlineError(Exception):
    """The root of every error that Foldline raises on purpose."""


class ConfigurationError(FoldlineError):
    """The configuration can't be used. `problems` holds everything that is wrong with it, not only the first."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class InvalidToken(FoldlineError):
    """A signed value that is forged, truncated, expired, of another purpose or of another host."""


class StoreUnavailable(FoldlineError):
    """A store did not answer, or not in time. Who asked decides by the table of failures in `docs/failures.md`."""


class OriginUnavailable(FoldlineError):
    """The site behind the gate did not answer as HTTP has it, or not in time. Nothing of the answer is in the message.

    `why` is a word for counts: `connect`, `busy`, `slow`, `broken`, `cut off`, `too large`, `failing` (5xx), `refused`
    (401, 403).
    """

    def __init__(self, why: str, what: str = "") -> None:
        super().__init__(f"origin: {what or why}")
        self.why = why


class UploadRefused(FoldlineError):
    """A request's body is larger than may be passed on, or did not arrive. `status` is what its sender is told."""

    def __init__(self, status: int) -> None:
        super().__init__(f"upload: {status}")
        self.status = status
