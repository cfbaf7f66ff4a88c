# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-test sanity on a copy of the working tree.

ansible-test wants the collection under .../ansible_collections/sky/aws, and bootstraps pip in virtual environments of its
own with a script from a download site. The wheel of the same pip does as well, so a script of ours stands in for that one
and a package index is all that is needed.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
from importlib import metadata

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "sanity"
COPY = WORK / "ansible_collections" / "sky" / "aws"

STAND_IN = """\
import sys
sys.path.insert(0, {wheel!r})
from pip._internal.cli.main import main
sys.exit(main(["install"] + [a for a in sys.argv[1:] if a not in ("--no-setuptools", "--no-wheel")]))
"""


def main() -> int:
    copy_tree()
    home = WORK / "home"
    provide_pip(home)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    program = pathlib.Path(sys.executable).with_name("ansible-test")
    command = [str(program), "sanity", "--python", version, "--color", "no", *sys.argv[1:]]
    environment = {**os.environ, "HOME": str(home)}
    environment.pop("PYTHONPATH", None)
    return subprocess.run(command, cwd=COPY, env=environment, check=False).returncode


def copy_tree() -> None:
    """The collection without its own tests: what is shipped. ansible-test finds its files through git, so git lists them."""
    try:
        listed = subprocess.check_output(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, text=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(f"the sanity tests need git and a clone made with it: {error}") from None
    shutil.rmtree(COPY, ignore_errors=True)
    for name in filter(None, listed.split("\0")):
        if name.startswith("tests/") and not name.startswith(("tests/sanity/", "tests/config.yml")):
            continue
        source, target = ROOT / name, COPY / name
        if source.is_symlink() or source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    for command in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *command], cwd=COPY, check=True)


def provide_pip(home: pathlib.Path) -> None:
    """Put the stand-in where ansible-test looks before it downloads; the file's name follows ansible-test's own pip."""
    source = metadata.distribution("ansible-core").locate_file("ansible_test/_internal/python_requirements.py")
    pip = re.search(r"\bpip='([0-9.]+)'", pathlib.Path(str(source)).read_text())
    if pip is None:
        raise SystemExit(f"{source} names no pip version; see what ansible-test bootstraps now")
    cache = home / ".ansible" / "test" / "cache"
    wheel = cache / f"pip-{pip[1]}-py3-none-any.whl"
    if not wheel.exists():
        download = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*download, "--only-binary=:all:", "--dest", str(cache), f"pip=={pip[1]}"], check=True)
    (cache / f"get_pip_{pip[1].replace('.', '_')}.py").write_text(STAND_IN.format(wheel=str(wheel)))


if __name__ == "__main__":
    sys.exit(main())
