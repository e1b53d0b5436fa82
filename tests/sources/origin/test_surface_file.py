"""Every fault of a surface map is told at once, where it stands, with the cure."""

from __future__ import annotations

import pytest

from foldline.checks import CHECKS
from foldline.errors import ConfigurationError
from foldline.sources.origin.patterns import BadPattern, Path, pattern
from foldline.sources.origin.surface_file import PROFILES, problems_of, profile, read_map
from foldline.sources.origin.surfaces import Kind

WHOLE = """
profile = "wordpress"

[[route]]
name = "shop"
kind = "passed"
paths = ["/shop/**", "/cart/"]
methods = "all"

[[route]]
name = "archive feed"
kind = "passed"
paths = "/podcast/feed/"
query = "none"

[[route]]
name = "reports"
kind = "article"
paths = ["/reports/{year}/{slug}.html"]
query = ["page"]
"""


def said(text: str) -> list[tuple[str, str]]:
    return [(problem.id, problem.where) for problem in problems_of(text, "map.toml")]


def route(lines: str) -> str:
    return f'profile = "static"\n[[route]]\nname = "a"\n{lines}\n'


def test_a_map_of_ones_own_comes_before_its_profile() -> None:
    found = read_map(WHOLE, "map.toml")
    assert found.profile == "wordpress"
    assert found.surface_of("POST", b"/cart/", b"add=1;2").target == b"/cart/?add=1;2"
    assert found.surface_of("GET", b"/podcast/feed/", b"x=1").target == b"/podcast/feed/"
    assert (
        found.surface_of("GET", b"/reports/2026/river.html", b"page=2&x=1").page == b"/reports/2026/river.html?page=2"
    )
    assert found.surface_of("GET", b"/feed/", b"").kind is Kind.REWRITTEN


def test_all_problems_are_told_at_once() -> None:
    text = """
profil = "wordpress"
[[route]]
name = "a"
kind = "pased"
paths = ["shop/**", "/{slag}/"]
method = "GET"
[[route]]
name = "a"
kind = "closed"
paths = "/x"
query = ["q"]
[[route]]
kind = "passed"
paths = ["/**"]
"""
    assert said(text) == [
        ("FL202", "map.toml:2:1"),
        ("FL204", "map.toml:5:8"),
        ("FL207", "map.toml:6:10"),
        ("FL207", "map.toml:6:21"),
        ("FL203", "map.toml:7:1"),
        ("FL209", "map.toml:9:1"),
        ("FL211", "map.toml:12:9"),
        ("FL208", "map.toml:13:1"),
        ("FL212", "map.toml:15:9"),
    ]


def test_the_nearest_word_is_offered() -> None:
    hints = {
        problem.id: problem.hint for problem in problems_of(route('kind = "pased"\npaths = "/{slag}"'), "map.toml")
    }
    assert hints == {"FL204": 'Did you mean "passed"?', "FL207": 'Did you mean "slug"?'}


@pytest.mark.parametrize(
    ("lines", "id_"),
    [
        ('kind = "passed', "FL201"),
        ('kind = "passed"\npaths = [3]', "FL205"),
        ('kind = "passed"', "FL208"),
        ('paths = "/x"', "FL208"),
        ('kind = "article"\npaths = "/{slug}"\nmethods = "POST"', "FL211"),
        ('kind = "article"\npaths = "/{slug}"\nquery = "all"', "FL211"),
        ('kind = "files"\npaths = "/x/**"\nmethods = "POST"', "FL211"),
        ('kind = "passed"\npaths = "/x"\nquery = ["all", "q"]', "FL211"),
        ('kind = "passed"\npaths = "/x"\nquery = ["a b"]', "FL204"),
        ('kind = "passed"\npaths = "/x"\nmethods = "FETCH"', "FL204"),
        ('kind = "rewritten"\npaths = "/feed/"', "FL208"),
        ('kind = "rewritten"\nas = "feeds"\npaths = "/feed/"', "FL204"),
        ('kind = "rewritten"\nas = "feed"\npaths = "/feed/"\nquery = "all"', "FL211"),
        ('kind = "rewritten"\nas = "feed"\npaths = "/feed/"\nmethods = "POST"', "FL211"),
        ('kind = "passed"\nas = "feed"\npaths = "/feed/"', "FL211"),
        ('kind = "passed"\npaths = "/*"', "FL212"),
        ('kind = "passed"\npaths = "/x?a=1"', "FL207"),
        ('kind = "passed"\npaths = "/a/../x"', "FL207"),
        ('kind = "passed"\npaths = "/%61"', "FL207"),
        ('kind = "passed"\npaths = "/a**"', "FL207"),
        ('kind = "passed"\npaths = "/{slug"', "FL207"),
        ('kind = "passed"\npaths = "/**/a/**/b/**"', "FL207"),
        ('kind = "passed"\npaths = "/x"\n[[route]]\nname = "b"\nkind = "closed"\npaths = "/x"', "FL210"),
    ],
)
def test_each_fault_has_its_id(lines: str, id_: str) -> None:
    assert {found for found, _ in said(route(lines))} == {id_}
    assert id_ in CHECKS


def test_a_map_without_an_article_gates_nothing_and_says_so() -> None:
    assert said('[[route]]\nname = "a"\nkind = "passed"\npaths = "/x"\n') == [("FL213", "map.toml:1:1")]
    assert said("") == [("FL213", "map.toml:1:1")]


def test_a_map_with_a_fault_is_no_map() -> None:
    with pytest.raises(ConfigurationError) as error:
        read_map('profile = "drupal"', "map.toml")
    assert [problem.id for problem in error.value.problems] == ["FL204"]


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_is_a_map_without_a_fault(name: str) -> None:
    assert said(f'profile = "{name}"') == []
    assert profile(name).articles
    assert not [path.text for route in profile(name).routes for path in route.paths if path.has_capitals]


def test_there_is_no_other_profile() -> None:
    with pytest.raises(KeyError):
        profile("drupal")


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("/shop/**", "/shop", True),
        ("/shop/**", "/shop/", True),
        ("/shop/**", "/shop/a/b", True),
        ("/shop/**", "/shopping", False),
        ("/**/feed/**", "/feed", True),
        ("/**/feed/**", "/a/b/feed/rss", True),
        ("/**/feed/**", "/a/feeder", False),
        ("/**/*.png", "/a/b.png", True),
        ("/**/*.png", "/a.png/b", False),
        ("/*.xml", "/a/b.xml", False),
        ("/{slug}/", "/the-bridge_2~x/", True),
        ("/{slug}/", "/die-brücke/", True),
        ("/{slug}/", "/the.bridge/", False),
        ("/{slug}/", "/the bridge/", False),
        ("/{slug}/", "/the-bridge", False),
        ("/{year}/{month}/{day}/", "/2026/12/31/", True),
        ("/{year}/{month}/{day}/", "/2026/13/31/", False),
        ("/{number}", "/" + "1" * 11, False),
        ("/a.b", "/axb", False),
        ("/", "/", True),
    ],
)
def test_a_pattern_matches_a_path_in_full(text: str, path: str, expected: bool) -> None:
    assert pattern(text).matches(Path(path)) is expected


def test_a_pattern_may_take_capitals_for_small_letters() -> None:
    assert not pattern("/Shop/*.PDF").matches(Path("/shop/a.pdf"))
    assert pattern("/Shop/*.PDF").matches(Path("/shop/a.pdf", folded=True))
    assert pattern("/shop/{slug}").matches(Path("/SHOP/a", folded=True))


def test_a_bad_pattern_says_what_is_wrong() -> None:
    with pytest.raises(BadPattern, match="longer than 300"):
        pattern("/" + "a" * 300)
