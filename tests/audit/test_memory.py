"""An audit of two hundred pages, with its report as a page, stays small."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.audit.leaky_wall import SESSION, Story, wall

LONG = os.environ.get("FOLDLINE_PROOF") == "long"
#: Bytes that an audit of a site of 200 pages may take.
MOST = 200 << 20
#: A verb that writes down the most memory that it held: what `getrusage` tells begins with what its parent held.
MEASURED = """
import re, resource, sys
from pathlib import Path
from foldline.cli.main import main
to = Path(sys.argv.pop(1))
try:
    main()
finally:
    most = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]
    to.write_text(f"{most} {resource.getrusage(resource.RUSAGE_SELF).ru_utime:.1f}")
"""
#: 200 pages take half a minute, with fifty of them audited: `make proof`. The short form has pages as large.
PAGES, AUDITED = (200, 50) if LONG else (20, 3)


def test_an_audit_of_a_large_site_stays_under_200_megabytes(tmp_path: Path) -> None:
    cookie, report = tmp_path / "cookie", tmp_path / "report.json"
    cookie.touch(mode=0o600)
    cookie.write_text(SESSION, encoding="utf-8")
    with wall("word-count") as site:
        site.stories = [
            Story(
                f"story-{number}-of-the-valley",
                f"Story {number} of the valley",
                f"<p>Everybody may read how story {number} begins, and who was there.</p>" * 20,
                "".join(
                    f"<p>Closed {number} {line}: what {number * 31 + line} ledgers of the valley said of {line}.</p>"
                    for line in range(120)
                ),
            )
            for number in range(PAGES)
        ]
        words = ["--sample", str(AUDITED), "--cookie-file", str(cookie), "--most", "20000"]
        words += ["--json", str(report), "--html", str(tmp_path / "report.html")]
        with (tmp_path / "said").open("wb") as said:
            running = subprocess.Popen(
                [sys.executable, "-c", MEASURED, str(tmp_path / "most"), "audit", site.url, *words],
                stdout=said,
                stderr=said,
            )
            running.wait()
    assert running.returncode == 0, (tmp_path / "said").read_text(encoding="utf-8")
    found = json.loads(report.read_text(encoding="utf-8"))
    assert len(found["articles"]) == AUDITED
    assert found["figures"]["questions"] > AUDITED * 50
    kilobytes, seconds = (tmp_path / "most").read_text(encoding="utf-8").split()
    assert int(kilobytes) << 10 < MOST
    print(f"{int(kilobytes) >> 10} MB, {seconds} s of processor, {found['figures']['questions']} questions")
