"""Build a wheel of every workspace member and install the wheels into this environment.

Usage: `python .ci/wheels.py DIRECTORY`, with uv on the path (tox-uv brings it).
"""

import shutil
import subprocess
import sys
import tomllib  # noqa: TID251 - runs before anything is installed
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def members() -> list[Path]:
    """Return the folders that the root pyproject.toml declares as workspace members."""
    root = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = root["tool"]["uv"]["workspace"]["members"]
    folders = (folder for pattern in patterns for folder in ROOT.glob(pattern))
    return sorted(folder for folder in folders if (folder / "pyproject.toml").is_file())


def build(member: Path, directory: Path) -> None:
    """Leave the wheel of one member in the directory."""
    subprocess.run(["uv", "build", "--quiet", "--wheel", "--out-dir", directory, member], check=True)


def install(wheels: list[Path]) -> None:
    """Install the wheels, and what core's tests need, instead of any earlier build of them."""
    again = [f"--reinstall-package={wheel.name.split('-')[0]}" for wheel in wheels]
    subprocess.run(["uv", "pip", "install", *again, "aftersale[testing]", *wheels], check=True)


def main(directory: Path) -> None:
    """Build into an empty directory, then install from it."""
    shutil.rmtree(directory, ignore_errors=True)
    for member in members():
        build(member, directory)
    install(sorted(directory.glob("*.whl")))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
