# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Get the collection awx.awx from the Python package that carries it among a hundred others, and nothing of the rest.

``python -m tests.awx.fetch FOLDER`` makes ``FOLDER/ansible_collections/awx/awx``.
"""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

PACKAGE = "ansible==12.3.0"
#: What awx/requirements.yml asks for.
VERSION = "24.6.1"
INSIDE = "ansible_collections/awx/awx/"


def main(folder: pathlib.Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as temporary:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*pip, "--only-binary=:all:", "--dest", temporary, PACKAGE], check=True)
        (wheel,) = pathlib.Path(temporary).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder, [name for name in archive.namelist() if name.startswith(INSIDE)])
    manifest = json.loads((folder / INSIDE / "MANIFEST.json").read_text())
    found = manifest["collection_info"]["version"]
    if found != VERSION:
        raise SystemExit(f"{PACKAGE} has awx.awx {found}; {VERSION} is needed")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
