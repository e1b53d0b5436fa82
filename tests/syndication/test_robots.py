"""robots.txt says what the policy says, to a reader of robots.txt that is not ours."""

from __future__ import annotations

import json
import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protego import Protego
from tests.sample_data import sample_folder

from foldline.pages.public import Publication
from foldline.syndication.machines import Machines, Purpose, agents_of, is_name, known_agents
from foldline.syndication.robots import robots_txt
from foldline.syndication.tdm import tdm_headers, tdmrep_json

PAPER = Publication("The Valley Post", "https://valley-post.example")
ARTICLE = "https://valley-post.example/rivers-rise"
EVERY_POLICY = [Machines(*words) for words in product((True, False), repeat=3)]

#: What operators and the list of ai.robots.txt say that these fetch pages for, sorted by hand, and not by reading ours.
SEARCH = (
    "Googlebot", "bingbot", "DuckDuckBot", "Applebot", "YandexBot", "Baiduspider", "Qwantbot", "SeznamBot",
    "OAI-SearchBot", "Claude-SearchBot", "PerplexityBot", "Amzn-SearchBot", "PetalBot", "facebookexternalhit",
)  # fmt: skip
ANSWER = (
    "ChatGPT-User", "Claude-User", "Perplexity-User", "Gemini-Deep-Research", "Google-Agent", "meta-externalfetcher",
    "MistralAI-User", "DuckAssistBot", "Amzn-User", "kagi-fetcher", "Google-NotebookLM", "Kimi-User",
)  # fmt: skip
TRAIN = (
    "GPTBot", "ClaudeBot", "CCBot", "Bytespider", "meta-externalagent", "GoogleOther", "Applebot-Extended",
    "FacebookBot", "DeepSeekBot", "AI2Bot", "cohere-training-data-crawler", "Timpibot", "img2dataset", "omgili",
)  # fmt: skip
FORTY = (*((name, Purpose.SEARCH) for name in SEARCH), *((name, Purpose.ANSWER) for name in ANSWER),
         *((name, Purpose.TRAIN) for name in TRAIN))  # fmt: skip


@pytest.mark.parametrize("machines", EVERY_POLICY, ids=str)
def test_forty_named_agents_read_robots_txt_as_their_purpose_says(machines: Machines) -> None:
    assert len(FORTY) == 40
    robots = Protego.parse(robots_txt(PAPER, machines))
    read = {name: robots.can_fetch(ARTICLE, name) for name, _ in FORTY}
    assert read == {name: machines.welcomes(purpose).welcome for name, purpose in FORTY}


@pytest.mark.parametrize("machines", EVERY_POLICY, ids=str)
def test_every_agent_that_we_know_reads_what_it_is_asked(machines: Machines) -> None:
    robots = Protego.parse(robots_txt(PAPER, machines))
    differ = [
        agent.name
        for agent in known_agents()
        if robots.can_fetch(ARTICLE, agent.name) is not machines.asks(agent).welcome
    ]
    assert differ == []
    assert robots.can_fetch(ARTICLE, "SomethingNew") is machines.search


names = st.from_regex(r"[A-Za-z][A-Za-z_-]{2,20}[A-Za-z]", fullmatch=True)
named = st.lists(st.sampled_from([agent.name for agent in known_agents()]) | names, max_size=4, unique_by=str.casefold)


@given(st.booleans(), st.booleans(), st.booleans(), named, named)
def test_an_exception_by_name_is_read_as_it_is_meant(
    search: bool, answer: bool, train: bool, admit: list[str], refuse: list[str]
) -> None:
    machines = Machines(search, answer, train, tuple(admit), tuple(refuse))
    robots = Protego.parse(robots_txt(PAPER, machines))
    for agent in agents_of(machines):
        assert robots.can_fetch(ARTICLE, agent.name) is machines.asks(agent).welcome
    for name in refuse:
        assert robots.can_fetch(ARTICLE, name) is False
    for name in admit:
        assert robots.can_fetch(ARTICLE, name) is (name.casefold() not in {each.casefold() for each in refuse})


def test_an_agent_of_two_purposes_is_welcome_only_where_both_are() -> None:
    two = next(agent for agent in known_agents() if agent.name == "Google-Extended")
    assert two.purposes == {Purpose.ANSWER, Purpose.TRAIN}
    assert two.fetches is False
    assert Machines(answer=True, train=False).asks(two) == (False, "train")
    assert Machines(answer=False, train=True).asks(two) == (False, "answer")
    assert Machines(answer=True, train=True).asks(two).welcome is True


def test_an_exception_that_nobody_knows_is_of_every_purpose() -> None:
    refused = Machines(refuse=("NewBot",))
    (new,) = (agent for agent in agents_of(refused) if agent.name == "NewBot")
    assert new.purposes == set(Purpose)
    assert refused.asks(new) == (False, "refuse")


def test_what_a_page_is_shown_with_may_be_fetched_and_nothing_else_under_the_prefix() -> None:
    robots = Protego.parse(robots_txt(PAPER, Machines()))
    site = PAPER.url
    for path in ("/-/static/foldline.css", "/-/media/a.png", "/-/machines", "/", "/section/science"):
        assert robots.can_fetch(site + path, "Googlebot") is True, path
    for path in ("/-/account", "/-/read", "/-/me", "/-/decision?article=1", "/-/sign-in"):
        assert robots.can_fetch(site + path, "Googlebot") is False, path


def test_the_file_names_its_sitemaps_and_what_drafts_say() -> None:
    text = robots_txt(PAPER, Machines(), ("/sitemap.xml", "/sitemap-news.xml"))
    assert list(Protego.parse(text).sitemaps) == [
        "https://valley-post.example/sitemap.xml",
        "https://valley-post.example/sitemap-news.xml",
    ]
    assert "Content-Signal: search=yes, ai-input=yes, ai-train=no\n" in text
    assert "Content-Usage: search=y, train-ai=n\n" in text
    assert max(len(text.encode()) for text in (robots_txt(PAPER, each) for each in EVERY_POLICY)) < 500 * 1024


def test_the_mining_of_texts_is_reserved_as_long_as_training_is_not_welcome() -> None:
    assert tdm_headers(PAPER, Machines()) == (
        (b"tdm-reservation", b"1"),
        (b"tdm-policy", b"https://valley-post.example/-/machines"),
    )
    assert json.loads(tdmrep_json(PAPER, Machines())) == [
        {"location": "/*", "tdm-reservation": 1, "tdm-policy": "https://valley-post.example/-/machines"}
    ]
    assert tdm_headers(PAPER, Machines(train=True)) == ((b"tdm-reservation", b"0"),)
    assert json.loads(tdmrep_json(PAPER, Machines(train=True))) == [{"location": "/*", "tdm-reservation": 0}]


@pytest.mark.samples
def test_every_machine_of_the_public_list_is_sorted() -> None:
    listed = json.loads((sample_folder() / "ai-robots" / "robots.json").read_text(encoding="utf-8"))
    assert len(listed) > 150
    ours = {agent.name.casefold() for agent in known_agents()}
    plain = {re.sub(r"[/ ][\d.]+$", "", name).casefold() for name in listed}
    assert plain - ours == set()


def test_every_name_may_stand_in_robots_txt_and_stands_there_once() -> None:
    names = [agent.name for agent in known_agents()]
    assert [name for name in names if not is_name(name)] == []
    assert len({name.casefold() for name in names}) == len(names)
