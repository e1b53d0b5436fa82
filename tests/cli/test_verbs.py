"""The verbs on a terminal: plain words, exit codes, no tracebacks."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil
import pytest
from tests.browser.press_room import running_demo

SECRET = {"FOLDLINE_SECRET": "only-for-tests-" + "0123456789" * 4}
GOOD = '[publication]\nname = "The Valley Post"\nurl = "https://valley-post.example"\n'


def foldline(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    base = {name: value for name, value in os.environ.items() if not name.startswith(("FOLDLINE_", "DJANGO_"))}
    command = [sys.executable, "-m", "foldline.cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**base, **environ}, timeout=60)


def test_check_tells_five_planted_faults_in_five_lines(tmp_path: Path) -> None:
    (tmp_path / "foldline.toml").write_text(
        '[publication]\nname = ""\nurl = "ftp://x"\nzone = "Mars/Olympus"\n[meter]\nlimt = 3\n', encoding="utf-8"
    )
    answer = foldline("check", "--home", str(tmp_path))
    assert answer.returncode == 1
    assert [line.split()[0] for line in answer.stdout.splitlines()] == ["FL003", "FL010", "FL020", "FL021", "FL024"]
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("verb", ["serve", "migrate", "check"])
def test_without_a_secret_nothing_starts_and_it_says_what_to_do(tmp_path: Path, verb: str) -> None:
    (tmp_path / "foldline.toml").write_text(GOOD, encoding="utf-8")
    answer = foldline(verb, "--home", str(tmp_path))
    assert answer.returncode == 1
    assert "FL010" in answer.stdout + answer.stderr
    assert "openssl rand" in answer.stdout + answer.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["foldline.toml"]


def test_serve_refuses_a_home_that_was_not_migrated(tmp_path: Path) -> None:
    (tmp_path / "foldline.toml").write_text(GOOD + "[listen]\nport = 0\n[desk]\nport = 0\n", encoding="utf-8")
    answer = foldline("serve", "--home", str(tmp_path), **SECRET)
    assert answer.returncode == 1
    assert "FL041" in answer.stderr
    assert "foldline migrate" in answer.stderr


def test_serve_refuses_a_home_whose_meter_is_missing_and_migrate_makes_it(tmp_path: Path) -> None:
    (tmp_path / "foldline.toml").write_text(GOOD + "[listen]\nport = 0\n[desk]\nport = 0\n", encoding="utf-8")
    assert foldline("migrate", "--home", str(tmp_path), **SECRET).returncode == 0
    (tmp_path / "meter.db").unlink()
    answer = foldline("serve", "--home", str(tmp_path), **SECRET)
    assert answer.returncode == 1
    assert "FL041" in answer.stderr
    assert "the meter is missing" in " ".join(answer.stderr.split())
    assert foldline("migrate", "--home", str(tmp_path), **SECRET).returncode == 0
    assert (tmp_path / "meter.db").exists()


def test_what_migrate_writes_no_other_user_can_read(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "foldline.toml").write_text(GOOD, encoding="utf-8")
    assert foldline("migrate", "--home", str(home), **SECRET).returncode == 0
    made = [path for path in home.rglob("*") if path.name != "foldline.toml"]
    assert made
    assert [path for path in made if path.stat().st_mode & 0o077] == []


@pytest.mark.parametrize("name", ["FOLDLINE_SECRET", "STRIPE_API_KEY", "FOLDLINE_MAIL_PASSWORD"])
def test_the_demo_refuses_real_keys(tmp_path: Path, name: str) -> None:
    answer = foldline("demo", "--no-open", "--port", "0", "--home", str(tmp_path), **{name: "x" * 40})
    assert answer.returncode == 1
    assert "FL050" in answer.stderr
    assert name in answer.stderr
    assert "x" * 40 not in answer.stderr


def test_a_port_that_is_taken_is_named_with_the_next_step(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        answer = foldline("demo", "--no-open", "--port", port, "--home", str(tmp_path))
    assert answer.returncode == 1
    assert f"127.0.0.1:{port}" in answer.stderr
    assert "another port" in answer.stderr


def test_the_demo_prints_one_line_serves_warm_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with running_demo(tmp_path / "home"):
        pass
    started = time.monotonic()
    with running_demo(tmp_path / "home") as demo:
        assert time.monotonic() - started < 60
        assert set(demo.facts) >= {"url", "desk", "articles", "readers"}
        assert len(demo.facts["articles"]) >= 12
        assert {article["access"] for article in demo.facts["articles"]} == {
            "free",
            "registered",
            "metered",
            "subscribers",
        }
        with urlopen(demo.url) as page:
            assert page.status == 200
        home = str(demo.home)
        children = [process for process in psutil.process_iter(["environ"]) if _lives_in(process, home)]
        assert len(children) >= 3
    gone, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    assert len(gone) == len(children)
    assert json.dumps(demo.facts).count("\n") == 0


def _lives_in(process: psutil.Process, home: str) -> bool:
    return (process.info["environ"] or {}).get("FOLDLINE_HOME") == home


def test_a_killed_worker_and_a_killed_site_process_come_back(tmp_path: Path) -> None:
    with running_demo(tmp_path / "home") as demo:
        children = [
            process for process in psutil.process_iter(["environ", "cmdline"]) if _lives_in(process, str(demo.home))
        ]
        for part in ("foldline.server.worker", "foldline.server.site_process"):
            for child in children:
                if part in (child.info["cmdline"] or []):
                    child.kill()
        assert _status_within(f"{demo.url}/", 15) == 200
        assert _status_within(f"{demo.url}/-/sign-in", 20) == 200


def _status_within(address: str, seconds: float) -> int:
    """The first answer other than a refused connection or 502."""
    end = time.monotonic() + seconds
    while True:
        try:
            with urlopen(address) as answer:
                return int(answer.status)
        except HTTPError as error:
            error.close()
            if error.code != 502 or time.monotonic() > end:
                return error.code
        except OSError:
            if time.monotonic() > end:
                raise
        time.sleep(0.2)


def test_demo_powers_answer_nobody_from_another_site(tmp_path: Path) -> None:
    with running_demo(tmp_path / "home") as demo:
        address = f"{demo.url}/-/demo/become/subscriber"
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}):
            request = Request(address, method="POST", data=b"", headers=headers)
            with pytest.raises(HTTPError) as refused:
                urlopen(request)
            assert refused.value.code in (400, 403, 404, 421)
            refused.value.close()


def test_the_demo_leaves_a_real_home_alone(tmp_path: Path) -> None:
    (tmp_path / "foldline.toml").write_text(GOOD, encoding="utf-8")
    answer = foldline("demo", "--no-open", "--port", "0", "--home", str(tmp_path))
    assert answer.returncode == 1
    assert "FL051" in answer.stderr
    assert (tmp_path / "foldline.toml").read_text(encoding="utf-8") == GOOD
    assert sorted(path.name for path in tmp_path.iterdir()) == ["foldline.toml"]


def test_a_second_process_on_one_home_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    with running_demo(tmp_path / "home") as demo:
        second = foldline("demo", "--no-open", "--port", "0", "--home", str(tmp_path / "home"))
        assert second.returncode == 1
        assert "FL042" in second.stderr
        with urlopen(f"{demo.url}/-/sign-in") as page:
            assert page.status == 200


@pytest.mark.parametrize("secret", [b"\xff" * 48, None])
def test_a_secret_that_is_no_text_is_a_problem_and_no_traceback(tmp_path: Path, secret: bytes | None) -> None:
    (tmp_path / "foldline.toml").write_text(GOOD, encoding="utf-8")
    if secret is None:
        (tmp_path / "secret").mkdir()
    else:
        (tmp_path / "secret").write_bytes(secret)
    answer = foldline("check", "--home", str(tmp_path))
    assert answer.returncode == 1
    assert "FL010" in answer.stdout
    assert "Traceback" not in answer.stderr


def test_a_test_message_goes_to_an_address_or_nowhere(tmp_path: Path) -> None:
    (tmp_path / "foldline.toml").write_text(GOOD, encoding="utf-8")
    foldline("migrate", "--home", str(tmp_path), **SECRET)
    answer = foldline("check", "--mail", "nonsense", "--home", str(tmp_path), **SECRET)
    assert answer.returncode == 2
    assert "not an e-mail address" in answer.stderr


def test_pages_about_an_account_are_kept_by_no_cache_whatever_it_was_told(tmp_path: Path) -> None:
    with running_demo(tmp_path / "home") as demo:
        for method in ("GET", "HEAD"):
            with urlopen(Request(f"{demo.url}/-/sign-in", method=method)) as page:
                assert page.headers["X-Accel-Expires"] == "0"
                assert page.headers["CDN-Cache-Control"] == "no-store"
                assert int(page.headers["Content-Length"]) > 100
        with pytest.raises(HTTPError) as refused:
            urlopen(Request(f"{demo.url}/-/sign-in", method="DELETE"))
        assert refused.value.code == 405
        refused.value.close()


@pytest.mark.parametrize("verb", ["serve", "migrate", "check"])
def test_a_real_publication_does_not_run_with_the_powers_of_the_demo(tmp_path: Path, verb: str) -> None:
    (tmp_path / "foldline.toml").write_text(GOOD + "[listen]\nport = 0\n[desk]\nport = 0\n", encoding="utf-8")
    answer = foldline(verb, "--home", str(tmp_path), FOLDLINE_DEMO="1", **SECRET)
    assert answer.returncode == 1
    assert "FL052" in answer.stdout + answer.stderr
    assert "Unset it" in answer.stdout + answer.stderr
