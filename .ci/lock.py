"""Write requirements.lock and requirements-dev.lock: exact versions with the hashes of every platform's wheel.

    python .ci/lock.py

Only pip's own resolver and its `--report` are used. The versions are those that pip resolves for the
running interpreter (run it on Python 3.11, the oldest supported one); the same versions are then
looked up for each platform and Python below, so that one file serves all of them. Packages that only
some platforms need (found by evaluating the markers of everything locked) get that marker. The files
name no index: they work with whatever index pip is configured for.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {
    "requirements.lock": "dashboard,sundials,analysis",
    "requirements-dev.lock": "dashboard,sundials,analysis,authoring,dev",
}
#: what the editable install without build isolation needs beside the project's own dependencies
BUILD = ["hatchling>=1.26"]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
#: name -> (pip's platform tags, environment of its markers)
PLATFORMS: dict[str, tuple[list[str], dict[str, str]]] = {
    "linux-x86_64": (
        [f"manylinux_2_{minor}_x86_64" for minor in range(35, 16, -1)] + ["manylinux2014_x86_64", "linux_x86_64"],
        {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64", "os_name": "posix"},
    ),
    "linux-aarch64": (
        [f"manylinux_2_{minor}_aarch64" for minor in range(35, 16, -1)] + ["manylinux2014_aarch64"],
        {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "aarch64", "os_name": "posix"},
    ),
    "macos-arm64": (
        [f"macosx_{major}_0_{kind}" for major in (15, 14, 13, 12, 11) for kind in ("arm64", "universal2")],
        {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64", "os_name": "posix"},
    ),
    "windows-x86_64": (
        ["win_amd64"],
        {"sys_platform": "win32", "platform_system": "Windows", "platform_machine": "AMD64", "os_name": "nt"},
    ),
}


class PipError(Exception):
    """Pip could not resolve; the message is what it printed."""


def pip_report(arguments: list[str]) -> list[dict[str, Any]]:
    """What pip would install, as its report says, installing nothing."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--report", "-"]
    done = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PipError(done.stderr)
    return json.loads(done.stdout)["install"]


def environments() -> dict[str, dict[str, str]]:
    """Marker environment of each platform and Python."""
    base = {key: str(value) for key, value in default_environment().items()}
    return {
        f"{name}/{python}": {**base, **env, "python_version": python, "python_full_version": f"{python}.1", "extra": ""}
        for name, (_, env) in PLATFORMS.items()
        for python in PYTHONS
    }


def requirements(item: dict[str, Any]) -> list[Requirement]:
    return [Requirement(text) for text in item["metadata"].get("requires_dist", [])]


def needed(roots: list[Requirement], items: dict[str, dict[str, Any]], env: dict[str, str]) -> set[str]:
    """Names reached from the roots in one marker environment; names outside `items` are included."""
    seen: set[tuple[str, str]] = set()
    names: set[str] = set()
    queue = [(root, "") for root in roots]
    while queue:
        requirement, extra = queue.pop()
        if requirement.marker and not requirement.marker.evaluate({**env, "extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        names.add(name)
        for wanted in {"", *requirement.extras}:
            if (name, wanted) not in seen and name in items:
                seen.add((name, wanted))
                queue.extend((r, wanted) for r in requirements(items[name]))
    return names


def lookup(pins: dict[str, str], platform: str, python: str) -> dict[str, set[str]]:
    """Hashes of the wheels that one platform and Python would take; what has no wheel there is left out."""
    hashes: dict[str, set[str]] = {}
    wanted = dict(pins)
    tags = [f"--platform={tag}" for tag in PLATFORMS[platform][0]]
    with tempfile.TemporaryDirectory() as folder:
        while wanted:
            listed = Path(folder, "pins.txt")
            listed.write_text("".join(f"{n}=={v}\n" for n, v in wanted.items()), encoding="utf-8")
            options = ["--no-deps", "--only-binary=:all:", f"--python-version={python}", f"--target={folder}/x", *tags]
            try:
                report = pip_report([*options, "-r", str(listed)])
            except PipError as error:
                missing = re.search(r"No matching distribution found for ([A-Za-z0-9_.-]+)==", str(error))
                if missing is None:
                    raise
                print(f"  {platform}/{python}: no wheel of {missing[1]}")
                del wanted[canonicalize_name(missing[1])]
                continue
            for item in report:
                name = canonicalize_name(item["metadata"]["name"])
                hashes.setdefault(name, set()).add(item["download_info"]["archive_info"]["hashes"]["sha256"])
            break
    return hashes


def marker(where: set[str], everywhere: set[str]) -> str:
    """A marker that is true on `where`: nothing, one platform, or all but one machine."""
    if where == everywhere:
        return ""
    platforms = {place.split("/")[0] for place in where}
    if platforms == {"windows-x86_64"}:
        return " ; sys_platform == 'win32'"
    if "linux-aarch64" not in platforms:
        return " ; platform_machine != 'aarch64'"
    if {place.split("/")[1] for place in where} != set(PYTHONS):
        newest = max({place.split("/")[1] for place in where}, key=PYTHONS.index)
        return f" ; python_version <= '{newest}'"
    raise SystemExit(f"no marker known for {sorted(where)}")


def lock(file: str, extras: str, known: dict[tuple[str, str, str, str], set[str]]) -> None:
    """Resolve one set of extras and write its file."""
    print(file)
    items: dict[str, dict[str, Any]] = {}
    for item in pip_report(["-e", f".[{extras}]", *BUILD]):
        items[canonicalize_name(item["metadata"]["name"])] = item
    roots = [Requirement(f"continuous-twin[{extras}]"), *map(Requirement, BUILD)]
    places = environments()
    where: dict[str, set[str]] = {}
    for place, env in places.items():
        for name in needed(roots, items, env) - {"continuous-twin"}:
            where.setdefault(name, set()).add(place)
    for name in sorted(set(where) - set(items)):
        for item in pip_report(["--no-deps", name]):
            items[name] = item
    pins = {name: item["metadata"]["version"] for name, item in sorted(items.items()) if name in where}
    hashes: dict[str, set[str]] = {name: set() for name in pins}
    for place in places:
        platform, python = place.split("/")
        here = {name: version for name, version in pins.items() if place in where[name]}
        fresh = {n: v for n, v in here.items() if (n, v, platform, python) not in known}
        for name, found in lookup(fresh, platform, python).items():
            known[name, fresh[name], platform, python] = found
        for name, version in here.items():
            hashes[name] |= known.get((name, version, platform, python), set())
    for name, version in pins.items():
        if not hashes[name]:  # published as source only: pure Python, built by pip the same everywhere
            for item in pip_report(["--no-deps", f"{name}=={version}"]):
                hashes[name].add(item["download_info"]["archive_info"]["hashes"]["sha256"])
                print(f"  {name}: source distribution")
    lines = [
        "# Exact versions with wheel hashes for Linux, macOS (Apple silicon) and Windows, Python 3.11 to 3.14.",
        f"# Written by .ci/lock.py from pyproject.toml [{extras}]; install with pip install -r {file}",
    ]
    for name, version in pins.items():
        digests = [f"    --hash=sha256:{digest}" for digest in sorted(hashes[name])]
        if not digests:
            raise SystemExit(f"{name}=={version} has neither a wheel nor a source distribution")
        lines.append(" \\\n".join([f"{name}=={version}{marker(where[name], set(places))}", *digests]))
    (ROOT / file).write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"  {len(pins)} packages, {sum(map(len, hashes.values()))} hashes")


def main() -> None:
    known: dict[tuple[str, str, str, str], set[str]] = {}
    for file, extras in LOCKS.items():
        lock(file, extras, known)


if __name__ == "__main__":
    main()
