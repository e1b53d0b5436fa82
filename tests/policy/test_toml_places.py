"""Where keys and values stand is what an independent reading of the same place says."""

from __future__ import annotations

import json
import tomllib
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from foldline.policy.toml_places import Path, Place, Walk
from foldline.policy.toml_text import read_toml

SPACE = st.sampled_from(["", " ", "  ", "\t"])
BETWEEN = st.sampled_from(["", "\n", "# a = 1\n", ' # "[x]\n\n', "\n  \n"])
PLAIN = st.sampled_from(["name", "only-for", "a_1", "7"])
QUOTED = st.sampled_from(['"a b"', "'c.d'", '"e\\"f"', '"#"'])
TEXTS = st.sampled_from(
    [
        '"plain"',
        '"with \\" and # and ]"',
        "'raw \\ text'",
        '""',
        "''",
        '"""one\n[two]\nthree = 3 ""\\""""',
        "'''four\n'five' = ''6'''",
        "''''quote'''",
    ]
)
SCALARS = st.sampled_from(["1", "-2", "1_000", "3.5e2", "true", "2026-01-02", "2026-01-02 03:04:05", "07:32:00", "inf"])


@st.composite
def values(draw: st.DrawFn, depth: int = 2) -> str:
    kind = draw(st.sampled_from(["text", "scalar", "array", "table"] if depth else ["text", "scalar"]))
    if kind == "text":
        return draw(TEXTS)
    if kind == "scalar":
        return draw(SCALARS)
    if kind == "array":
        items = draw(st.lists(values(depth - 1), max_size=3))
        joined = f"{draw(SPACE)},{draw(BETWEEN)}".join(items) + (draw(st.sampled_from(["", ","])) if items else "")
        return f"[{draw(BETWEEN)}{joined}{draw(BETWEEN)}]"
    keys = draw(st.lists(st.one_of(PLAIN, QUOTED), max_size=3, unique=True))
    pairs = [f"{key}{draw(SPACE)}={draw(SPACE)}{draw(values(depth - 1))}" for key in keys]
    return f"{{{draw(SPACE)}{', '.join(pairs)}{draw(SPACE)}}}"


@st.composite
def texts(draw: st.DrawFn) -> str:
    lines = []
    for number in range(draw(st.integers(1, 4))):
        lines.append(draw(BETWEEN) or "\n")
        header = draw(st.sampled_from(["", f"[t{number}]", "[[list]]", f"[ t{number} . deep ]", f'["u {number}"]']))
        lines.append(f"{draw(SPACE)}{header}\n")
        prefix = "" if header else f"top{number}."
        for key in draw(st.lists(st.one_of(PLAIN, QUOTED), max_size=3, unique=True)):
            dotted = draw(st.sampled_from(["", ".x", " . y"]))
            lines.append(
                f"{draw(SPACE)}{prefix}{key}{dotted}{draw(SPACE)}={draw(SPACE)}{draw(values())}{draw(SPACE)}\n"
            )
    return "".join(lines)


def leaves(data: Any, path: Path = ()) -> dict[Path, Any]:
    if isinstance(data, dict):
        return {key: value for name in data for key, value in leaves(data[name], (*path, name)).items()}
    if isinstance(data, list):
        return {key: value for n, item in enumerate(data) for key, value in leaves(item, (*path, n)).items()}
    return {path: data}


def values_at(text: str, place: Place) -> list[Any]:
    """What begins at a place: every piece from there that is a value."""
    start = len("".join(f"{line}\n" for line in text.split("\n")[: place.line - 1])) + place.column - 1
    good: list[Any] = []
    for end in range(start + 1, len(text) + 1):
        with suppress(tomllib.TOMLDecodeError):
            good.append(tomllib.loads(f"v = {text[start:end]}")["v"])
    return good


@given(texts())
def test_every_value_stands_where_it_is_said_to_stand(text: str) -> None:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    walk = Walk(text).walk()
    for path, value in leaves(data).items():
        found = values_at(text, walk.values[path])
        assert repr(value) in [repr(one) for one in found], (path, value, found)


@given(texts())
def test_every_key_stands_where_it_is_said_to_stand(text: str) -> None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    lines = text.split("\n")
    for path, place in Walk(text).walk().keys.items():
        rest = lines[place.line - 1][place.column - 1 :]
        name = str(path[-1]) if not isinstance(path[-1], int) else str(path[-2])
        spelled = (name, json.dumps(name), f"'{name}'")
        assert rest.startswith("[") or rest.startswith(spelled), (path, rest)


@given(st.text(alphabet="[]{}=\"'.,#ab1- \n\\", max_size=60))
def test_any_text_is_read_or_its_faults_are_told(text: str) -> None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assert read_toml(text, "rules.toml").faults
    else:
        assert read_toml(text, "rules.toml").faults == ()
