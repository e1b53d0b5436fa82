"""What rules do to the articles that there are: each finding, and that the counts add up."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from tests.policy.rule_texts import FIFTY_RULES

from foldline.policy.facts import Access, Article
from foldline.policy.plan import NEVER, plan_of
from foldline.policy.review import Review, review
from foldline.policy.rule import Grant
from foldline.policy.rules_file import read_rules

NOW = 1_795_000_000
DAY = 86_400
UTC = ZoneInfo("UTC")
METER = "[meter.site]\nanonymous = 3\n"


def article(number: int, access: Access | None, section: str = "news", *tags: str, age: int = DAY) -> Article:
    path = f"/{section}-{number}"
    return Article(number, access, section, frozenset((1,)), frozenset(tags), NOW - age, path)


ARTICLES = (
    article(1, Access.FREE),
    article(2, Access.METERED, "sport", "football"),
    article(3, Access.SUBSCRIBERS, "news", "floods", age=400 * DAY),
    article(4, Access.BY_RULE, "obituaries"),
    article(5, Access.METERED, "sport", "tennis", age=20 * DAY),
)


def rule(*lines: str, name: str = "One") -> str:
    return "\n".join(("[[rule]]", f'name = "{name}"', *lines, ""))


def seen(text: str, articles: tuple[Article, ...] = ARTICLES) -> Review:
    return review(read_rules(f'default-access = "free"\n{METER}{text}', "rules.toml", UTC), articles, NOW)


def told(found: Review) -> list[tuple[str, str]]:
    """(id, where) of everything."""
    return [(problem.id, problem.where) for problem in (*found.errors, *found.warnings)]


def test_the_counts_of_the_levels_add_up_to_the_archive() -> None:
    found = seen(rule('sections = "obituaries"', 'access = "registered"'))
    assert found.levels == {"free": 1, "metered": 2, "subscribers": 1, "registered": 1}
    assert sum(found.levels.values()) == found.total == len(ARTICLES)
    assert told(found) == []


def test_each_rule_says_how_many_articles_it_fits_and_holds_for() -> None:
    found = seen(
        rule('sections = ["sport", "news"]', 'opens-for = "institution"')
        + rule('sections = "sport"', 'older-than = "10 days"', 'only-for = "subscribers"', name="Two")
    )
    assert [(count.rule.name, count.fits, count.holds) for count in found.counts] == [("One", 4, 4), ("Two", 2, 1)]


@pytest.mark.parametrize(
    ("text", "id_", "says"),
    [
        (rule('sections = ["sport", "nwes"]', 'opens-for = "crawler"'), "FL120", 'the section "nwes"'),
        (rule('tags = "fotball"', 'opens-for = "crawler"'), "FL120", 'the tag "fotball"'),
        (rule('articles = "/sport-3"', 'opens-for = "crawler"'), "FL120", 'the path "/sport-3"'),
        (rule('sections = "sport"', 'tags = "floods"', 'opens-for = "crawler"'), "FL121", "no article that it is"),
        (rule('sections = "sport"', 'levels = "free"', 'opens-for = "crawler"'), "FL121", "is about is free"),
        (rule('sections = "sport"', 'access = "free"'), "FL121", "names its own level"),
        (rule("until = 2025-01-01", 'opens-for = "crawler"'), "FL121", "it has ended"),
        (rule('sections = "news"', 'opens-for = "meter"'), "FL121", "a meter opens no others"),
    ],
)
def test_a_rule_that_never_does_anything_is_told_with_why(text: str, id_: str, says: str) -> None:
    found = seen(text)
    assert told(found) == [(id_, "rules.toml:4")]
    assert says in found.warnings[0].what


def test_the_nearest_word_that_articles_have_is_the_hint() -> None:
    (problem,) = seen(rule('sections = "nwes"', 'opens-for = "crawler"')).warnings
    assert problem.hint == 'Did you mean "news"?'


def test_a_rule_for_new_articles_is_not_told_to_do_nothing_because_all_are_old() -> None:
    assert told(seen(rule('newer-than = "1 hour"', 'opens-for = "everyone"'))) == []


def test_walls_that_leave_nobody_a_way_in_are_an_error_that_names_articles() -> None:
    found = seen(rule('sections = "sport"', 'only-for = "institution"'))
    assert [problem.id for problem in found.errors] == ["FL122"]
    assert "2 articles: /sport-2, /sport-5" in found.errors[0].what
    assert found.warnings == ()


def test_two_walls_that_leave_nobody_a_way_in_together_are_one_error() -> None:
    one = rule('sections = "sport"', 'only-for = "subscribers"')
    two = rule('tags = "tennis"', 'only-for = "crawler"', name="Two")
    (problem,) = seen(one + two).errors
    assert problem.what.startswith('"One" and "Two" together leave nobody a way in to 1 article: /sport-5')


def test_a_wall_that_will_leave_nobody_a_way_in_later_is_an_error_today() -> None:
    found = seen(rule('sections = "sport"', 'older-than = "300 days"', 'only-for = "institution"'))
    assert [problem.id for problem in found.errors] == ["FL122"]


def test_a_way_that_a_wall_always_takes_away_is_told() -> None:
    wall = rule('sections = "sport"', 'only-for = "subscribers"')
    found = seen(wall + rule('sections = "sport"', 'opens-for = ["crawler", "subscribers"]', name="Two"))
    (problem,) = found.warnings
    assert (problem.id, problem.where) == ("FL123", "rules.toml:8")
    assert problem.what == '"Two" opens for crawler, and "One" (rules.toml:4) always takes that away.'


def test_a_way_that_a_wall_takes_away_for_some_articles_only_is_in_order() -> None:
    wall = rule('tags = "tennis"', 'only-for = "subscribers"')
    assert told(seen(wall + rule('sections = "sport"', 'opens-for = "crawler"', name="Two"))) == []


def test_a_level_that_an_earlier_rule_always_gives_is_told() -> None:
    found = seen(rule('access = "registered"') + rule('sections = "obituaries"', 'access = "free"', name="Two"))
    (problem,) = found.warnings
    assert (problem.id, problem.where) == ("FL124", "rules.toml:7")
    assert '"One" (rules.toml:4) always comes first' in problem.what


def test_a_level_that_an_earlier_rule_gives_for_a_time_only_is_in_order() -> None:
    earlier = rule("until = 2099-12-31", 'access = "registered"')
    assert told(seen(earlier + rule('sections = "obituaries"', 'access = "free"', name="Two"))) == []


def test_a_second_meter_that_can_never_count_is_told() -> None:
    meters = "[meter.sport]\nanonymous = 1\n[meter.tennis]\nanonymous = 1\n"
    one = rule('sections = "sport"', 'opens-for = "meter"', 'meter = "sport"')
    two = rule('tags = "tennis"', 'opens-for = "meter"', 'meter = "tennis"', name="Two")
    assert told(seen(meters + one + two)) == [("FL124", "rules.toml:13")]
    assert told(seen(meters + two + one)) == []


def test_a_meter_that_no_rule_names_is_told() -> None:
    assert told(seen("[meter.sport]\nanonymous = 1\n")) == [("FL126", "rules.toml:4")]


def test_articles_that_nobody_decided_about_are_counted_and_named() -> None:
    lost = (article(6, None), article(7, Access.BY_RULE, "film"))
    found = review(read_rules(METER, "rules.toml", UTC), (*ARTICLES, *lost), NOW)
    assert found.undecided == ("/film-7", "/news-6", "/obituaries-4")
    assert found.levels["unknown"] == 3
    assert [problem.id for problem in found.warnings] == ["FL125"]
    assert "3 articles: /film-7, /news-6, /obituaries-4" in found.warnings[0].what


def test_metered_articles_without_a_meter_are_told() -> None:
    found = review(read_rules('default-access = "free"', "rules.toml", UTC), ARTICLES, NOW)
    assert [problem.id for problem in found.warnings] == ["FL127"]
    assert "2 articles are metered" in found.warnings[0].what


def test_an_empty_archive_is_no_reason_for_findings() -> None:
    assert told(seen(rule('sections = "film"', 'opens-for = "crawler"'), ())) == []


def test_what_is_said_to_leave_nobody_a_way_in_agrees_with_the_plans_of_every_moment() -> None:
    wall = rule('newer-than = "30 days"', 'tags = "tennis"', 'only-for = "crawler"')
    rules = read_rules(f'default-access = "free"\n{METER}{wall}', "rules.toml", UTC)
    shut = set()
    for one in ARTICLES:
        moment = NOW
        while moment < NEVER:
            plan = plan_of(one, moment, rules.every, rules.allowances, rules.default, ())
            if plan.access is not None and Grant.PRODUCT not in [way.grant for way in plan.ways] and not plan.ways:
                shut.add(one.path)
            moment = plan.until
    (problem,) = review(rules, ARTICLES, NOW).errors
    assert shut == {"/sport-5"}
    assert problem.what.endswith("1 article: /sport-5.")


def test_progress_is_told_to_the_end() -> None:
    heard: list[int] = []
    many = tuple(article(number, Access.FREE) for number in range(250))
    review(read_rules(FIFTY_RULES, "rules.toml", UTC), many, NOW, heard.append)
    assert heard == [100, 200, 250]
