"""The files in `deploy/`: what they name is there, and the health check of the image is run against a gate."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.docs.pages import ROOT

from foldline.cli.main import verbs
from foldline.testing.builders import HOST
from foldline.testing.processes import GateProcess
from foldline.testing.worlds import World, rests

DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


def health_check() -> list[str]:
    found = re.search(r"HEALTHCHECK [^\n]*\\\n\s+CMD (\[.*\])", DOCKERFILE)
    assert found is not None
    command: list[str] = json.loads(found[1])
    return command


def test_the_health_check_of_the_image_tells_a_gate_that_lives_from_one_that_does_not(tmp_path: Path) -> None:
    command = [sys.executable, *health_check()[1:]]
    with World(tmp_path, rests("A sentence.")) as world, GateProcess(world.home, HOST) as gate:
        for name in ("live", "ready"):
            address = f"http://127.0.0.1:{gate.address[1]}/-/{name}"
            assert subprocess.run(command, env={"FOLDLINE_HEALTH": address}, timeout=20, check=False).returncode == 0
    gone = {"FOLDLINE_HEALTH": address}
    done = subprocess.run(command, env=gone, timeout=20, check=False, capture_output=True)
    assert done.returncode != 0


def test_what_the_image_takes_from_the_repository_is_there() -> None:
    for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE):
        for name in line.split()[:-1]:
            assert (ROOT / name).exists(), name


def test_services_run_verbs_wait_for_services_and_mount_volumes_that_there_are() -> None:
    services = COMPOSE["services"]
    for name, service in services.items():
        if service.get("image") == "foldline":
            assert service["command"][0] in verbs.commands, name
            assert service["read_only"] is True
            assert service["cap_drop"] == ["ALL"]
        assert set(service.get("depends_on", {})) <= set(services), name
        named = [volume.split(":")[0] for volume in service.get("volumes", [])]
        assert {one for one in named if not one.startswith(".")} <= set(COMPOSE["volumes"]), name


def test_only_the_proxy_is_published_to_the_world() -> None:
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == ["80:80", "443:443"]


@pytest.mark.parametrize("name", ["foldline-backup.service", "foldline-backup.timer"])
def test_systemd_finds_nothing_wrong_with_the_units_of_the_backup(tmp_path: Path, name: str) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("MISSING systemd-analyze: apt-get install systemd")
    program = tmp_path / "foldline"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    for unit in DEPLOY.glob("foldline-backup.*"):
        text = unit.read_text(encoding="utf-8").replace("/opt/foldline/.venv/bin/foldline", str(program))
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    command = ["systemd-analyze", "verify", str(tmp_path / name)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (said.returncode, said.stderr) == (0, "")
