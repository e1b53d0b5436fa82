"""What the policy page tells people is what robots.txt tells machines, read by somebody else's reader."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from lxml import html as lxml_html
from protego import Protego
from tests.syndication.test_robots import FORTY

from foldline.syndication.machines import Machines
from foldline.syndication.robots import robots_txt
from foldline.syndication.tdm import tdm_headers

from .browser import Browser

POLICIES = [
    *(Machines(*words) for words in product((True, False), repeat=3)),
    Machines(admit=("CCBot", "NewBot"), refuse=("Googlebot", "OtherBot")),
]


def shown(machines: Machines, **more: object) -> lxml_html.HtmlElement:
    from django.conf import settings
    from django.test import override_settings

    with override_settings(FOLDLINE=replace(settings.FOLDLINE, machines=machines, **more)):
        answer = Browser().get("/-/machines")
    assert answer.status_code == 200
    return lxml_html.document_fromstring(answer.content.decode())


def told(page: lxml_html.HtmlElement) -> dict[str, bool]:
    """Whether each machine that the page names is welcome."""
    found = {}
    for group in page.xpath("//details[@class='named']"):
        title = group.xpath("string(summary)")
        assert title.startswith(("Programs that are welcome", "Programs that are asked to stay away"))
        for name in group.xpath(".//tbody/tr/th"):
            assert name.text_content() not in found
            found[name.text_content()] = title.startswith("Programs that are welcome")
        assert f"({len(group.xpath('.//tbody/tr'))})" in title
    return found


@pytest.mark.parametrize("machines", POLICIES, ids=str)
def test_each_machine_reads_in_robots_txt_what_the_page_says(site: None, machines: Machines) -> None:
    from django.conf import settings

    publication = settings.FOLDLINE.publication
    page = told(shown(machines))
    robots = Protego.parse(robots_txt(publication, machines))
    assert {name for name, _ in FORTY} <= page.keys()
    assert page == {name: robots.can_fetch(f"{publication.url}/rivers-rise", name) for name in page}
    assert len(page) > 160


@pytest.mark.parametrize("machines", POLICIES[:8], ids=str)
def test_each_purpose_is_told_as_it_is_meant(site: None, machines: Machines) -> None:
    lines = shown(machines).find_class("asked")
    said = [line.text_content() for line in lines]
    meant = (machines.search, machines.answer, machines.train, machines.search)
    assert said == ["Welcome" if welcome else "Please stay away" for welcome in meant]


@pytest.mark.parametrize("train", [True, False])
def test_the_page_tells_of_the_reservation_that_the_header_makes(site: None, train: bool) -> None:
    from django.conf import settings

    machines = Machines(train=train)
    reserved = dict(tdm_headers(settings.FOLDLINE.publication, machines))[b"tdm-reservation"] == b"1"
    text = shown(machines).text_content()
    assert ("is reserved (Directive (EU) 2019/790, article 4)" in text) is reserved is not train


def test_crawlers_that_may_be_verified_are_named(site: None) -> None:
    assert "Googlebot" in shown(Machines(), verified_crawlers=("googlebot",)).xpath("string(//main)").partition("(")[0]
    assert "Googlebot" not in shown(Machines()).xpath("string(//main)").partition("Programs that")[0]


def test_only_get_and_head_are_answered(site: None) -> None:
    assert Browser().post("/-/machines").status_code in (403, 405)
    assert Browser().head("/-/machines").status_code == 200
