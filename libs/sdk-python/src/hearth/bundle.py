"""The code of a program as one zip."""

from __future__ import annotations

import hashlib
import io
import os
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Iterator, Mapping

from .errors import HearthError

BYTES_MAX = 32 * 1024 * 1024
_LARGEST_NAMED = 5
# Also those of a virtual environment that is on the path but not active.
_INSTALLED = frozenset({"site-packages", "dist-packages"})


@dataclass(frozen=True)
class Bundle:
    """A zip of modules. The same code gives the same bytes."""

    data: bytes
    sha256: str


def bundle_program() -> Bundle:
    """All modules of the program itself that are loaded now: not those of Python, of installed packages or of Hearth.
    ``__main__`` goes under its file's module name. Raises ``BUNDLE_TOO_LARGE``."""
    return bundle_files(program_files())


def bundle_files(files: Mapping[str, bytes]) -> Bundle:
    """A zip of these files, by path."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            bundle.writestr(entry, files[path])
    data = buffer.getvalue()
    if len(data) > BYTES_MAX:
        largest = sorted(files, key=lambda path: len(files[path]), reverse=True)[:_LARGEST_NAMED]
        named = ", ".join(f"{path} ({len(files[path])} bytes)" for path in largest)
        raise HearthError(
            "BUNDLE_TOO_LARGE",
            f"The program's code is {len(data)} bytes zipped, more than {BYTES_MAX}. Its largest files: {named}.",
            {"bundleBytes": str(len(data)), "bundleBytesMax": str(BYTES_MAX)},
        )
    return Bundle(data, hashlib.sha256(data).hexdigest())


def program_files() -> dict[str, bytes]:
    """The sources of the program's own loaded modules, by their path in a bundle."""
    foreign = tuple(_foreign_folders())
    files: dict[str, bytes] = {}
    for name, module in list(sys.modules.items()):
        source = _source_of(module)
        if source is None or str(source).startswith(foreign) or _INSTALLED.intersection(source.parts):
            continue
        if name == "__main__":
            name = main_module_name()
        path = name.replace(".", "/")
        files[f"{path}/__init__.py" if source.name == "__init__.py" else f"{path}.py"] = source.read_bytes()
    for path in list(files):
        # A folder without one is a package in a file system, but not in a zip.
        for parent in list(Path(path).parents)[:-1]:
            files.setdefault(f"{parent.as_posix()}/__init__.py", b"")
    return files


def main_module_name() -> str:
    """The name under which replicas import the program's main file."""
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        return str(spec.name)
    file = getattr(main, "__file__", None)
    if file is None:
        raise HearthError(
            "INVALID_ENVIRONMENT", "Tasks that are typed in have no file to send: put them in a module and import it."
        )
    return Path(file).stem.replace(".", "_")


def _source_of(module: ModuleType) -> Path | None:
    file = getattr(module, "__file__", None)
    if not isinstance(file, str) or not file.endswith(".py"):
        return None
    source = Path(os.path.abspath(file))
    return source if source.is_file() else None


def _foreign_folders() -> Iterator[str]:
    import site

    folders = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    folders += [*site.getsitepackages(), site.getusersitepackages(), str(Path(__file__).parent)]
    if sys.prefix != sys.base_prefix:
        folders.append(sys.prefix)
    for folder in folders:
        for spelling in {os.path.abspath(folder), os.path.realpath(folder)}:
            yield spelling + os.sep
