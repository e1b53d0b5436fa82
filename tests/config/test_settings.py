"""Settings are read whole or not at all, and every problem is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from foldline.config import load
from foldline.errors import ConfigurationError
from foldline.stores.home import Home

SECRET = {"FOLDLINE_SECRET": "x" * 40}
GOOD = '[publication]\nname = "The Valley Post"\nurl = "https://valley-post.example"\nzone = "America/New_York"\n'


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def problems(home: Home, text: str, environ: dict[str, str] = SECRET) -> dict[str, str]:
    home.settings_file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as told:
        load(home, environ)
    return {problem.id: str(problem) for problem in told.value.problems}


def test_a_good_file_becomes_settings(home: Home) -> None:
    home.settings_file.write_text(GOOD + "[meter]\nlimit = 5\n", encoding="utf-8")
    settings = load(home, SECRET)
    assert (settings.publication.name, settings.meter_limit, settings.host) == (
        "The Valley Post",
        5,
        "valley-post.example",
    )


def test_five_mistakes_are_five_lines_in_one_run(home: Home) -> None:
    told = problems(
        home,
        '[publication]\nname = ""\nurl = "http://valley-post.example"\nzone = "Mars/Olympus"\n'
        '[meter]\nlimt = 3\n[listen]\nport = "80"\n',
    )
    assert set(told) == {"FL003", "FL004", "FL020", "FL022", "FL024"}
    assert ":6: " in told["FL003"]
    assert "Did you mean 'limit'" in told["FL003"]
    assert ":8: " in told["FL004"]


@pytest.mark.parametrize(
    ("environ", "id"), [({}, "FL010"), ({"FOLDLINE_SECRET": ""}, "FL010"), ({"FOLDLINE_SECRET": "short"}, "FL011")]
)
def test_without_a_proper_secret_nothing_starts_and_it_says_what_to_do(
    home: Home, environ: dict[str, str], id: str
) -> None:
    assert "openssl rand" in problems(home, GOOD, environ)[id]


def test_a_secret_file_that_others_can_read_is_refused(home: Home) -> None:
    home.secret_file.write_text("x" * 40, encoding="utf-8")
    home.secret_file.chmod(0o644)
    assert set(problems(home, GOOD, {})) == {"FL012"}


def test_the_lines_of_a_secret_file_are_secrets_with_the_newest_first(home: Home) -> None:
    home.settings_file.write_text(GOOD, encoding="utf-8")
    home.secret_file.touch(mode=0o600)
    home.secret_file.write_text(f"{'n' * 40}\n{'o' * 40}\n", encoding="utf-8")
    assert load(home, {}).secrets == (b"n" * 40, b"o" * 40)


def test_no_problem_prints_a_secret(home: Home) -> None:
    told = problems(home, "", {"FOLDLINE_SECRET": "hunter2"})
    assert "hunter2" not in " ".join(told.values())


def test_a_missing_and_a_broken_file_are_told_apart(home: Home) -> None:
    with pytest.raises(ConfigurationError) as told:
        load(home, SECRET)
    assert "FL001" in str(told.value)
    assert "FL002" in problems(home, "[publication\n")
    assert "FL003" in problems(home, GOOD + "[unheard]\n")


@pytest.mark.parametrize(
    ("line", "id"),
    [
        ('[mail]\nsecurity = "maybe"', "FL030"),
        ('[mail]\nhost = "mail.example"', "FL031"),
        ("[meter]\nlimit = -1", "FL026"),
        ("[listen]\nhops = 99", "FL026"),
        ('[caches]\npurge = ["127.0.0.1:6081"]', "FL250"),
        ('[caches]\npurge = ["http://127.0.0.1:6081/purge"]', "FL250"),
        ('[caches]\npurge = ["http://name:word@127.0.0.1:6081"]', "FL250"),
        ('[caches]\npurge = ["http://127.0.0.1:66081"]', "FL250"),
        ("[caches]\npurge = [6081]", "FL250"),
        (f"[caches]\npurge = {['http://127.0.0.1:6081'] * 9}", "FL251"),
        ('[caches]\npurge = "http://127.0.0.1:6081"', "FL004"),
    ],
)
def test_values_out_of_their_bounds_are_named(home: Home, line: str, id: str) -> None:
    assert set(problems(home, GOOD + line)) == {id}


@pytest.mark.parametrize("prefix", ["/", "-", "/-", "//", "/a/b/", "/../"])
def test_the_prefix_is_one_segment(home: Home, prefix: str) -> None:
    assert "FL025" in problems(home, GOOD + f'prefix = "{prefix}"\n')


@pytest.mark.parametrize(
    "url",
    [
        "https://[bad",
        "https://x.example:443",
        "https://x.example:abc",
        "https://user:word@x.example",
        "https://zürich.example",
        "https://x.example/path",
        "x.example",
        "https://",
    ],
)
def test_an_address_that_no_browser_would_send_is_refused(home: Home, url: str) -> None:
    assert "FL021" in problems(home, f'[publication]\nname = "X"\nurl = "{url}"\n')


@pytest.mark.parametrize("zone", ["America", "../etc", "/etc/passwd", ""])
def test_a_zone_that_is_no_zone_is_a_problem_and_no_traceback(home: Home, zone: str) -> None:
    assert "FL024" in problems(home, f'[publication]\nname = "X"\nurl = "https://x.example"\nzone = "{zone}"\n')


def test_a_prefix_that_means_lists_is_refused(home: Home) -> None:
    assert "FL025" in problems(home, GOOD + 'prefix = "/section/"\n')
