"""Keeps OpenSSL, 4 MB, out of a runner until something uses it: asyncio imports it, and most tasks' code speaks no TLS."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any


class _Late(ModuleType):
    """Stands for a module, in those that import it now, until they use something in it."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


def import_asyncio() -> None:
    """Imports asyncio for the first time in this process. Only asyncio has a stand-in: whoever imports ssl afterwards gets
    the module itself."""
    if "asyncio" in sys.modules or "ssl" in sys.modules or find_spec("_ssl") is None:
        return
    ssl, sslproto = _Late("ssl"), _Late("asyncio.sslproto")
    late = {module.__name__: module for module in (ssl, sslproto)}
    sys.modules.update(late)
    try:
        setattr(import_module("asyncio"), "sslproto", sslproto)
    finally:
        for name, module in late.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
