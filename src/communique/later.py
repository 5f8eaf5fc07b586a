"""Modules that are loaded when one of their functions is called, not when they are imported."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any


class _Later(ModuleType):
    """Stands in for a module: each of its names is a function that loads the module and calls what has the name."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)

        def function(*given: Any, **named: Any) -> Any:
            return getattr(import_module(self.__name__), name)(*given, **named)

        return function


@contextmanager
def loaded_later(*modules: str) -> Iterator[None]:
    """Have what is imported inside the block find stand-ins for modules; whoever imports them afterwards gets them.

    For modules of which functions and classes are called, and nothing else is used. One that is loaded already is
    left as it is.
    """
    stand_ins = {name: _Later(name) for name in modules if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, module in stand_ins.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
