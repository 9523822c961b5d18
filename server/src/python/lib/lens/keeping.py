"""
Modules that keep something from one call to the next: BitBake's fetcher knows the URLs it has seen, caches grow.
What such a module did, or what reads what it keeps, is not decided by the datastore alone.
"""

import builtins
import os
import sys
import types

_PACKAGES = ("bb", "oe")
#: Known to keep what decides later calls.
_KEEPERS = ("bb.fetch2",)
#: What only saves computing it again: (module, name).
_CACHES = frozenset([("bb.parse", "__pkgsplit_cache__"), ("bb.filter", "CACHE"), ("bb.filter", "FILTERS")])
_TOOL = 4

_monitoring = sys.monitoring
#: What is kept, its sizes, the names of the modules.
_kept = []
_sizes = []
_owners = []
_known_environment = ()
_watched = set()
_ran = False


def _start(code, offset):
    global _ran
    _ran = True


def remember(context, libraries):
    """Takes everything as it is now. `context` is where definitions go, `libraries` are the layers' own."""
    global _kept, _sizes, _owners, _known_environment
    _kept = []
    _owners = []
    # Handlers of old releases find `d` among the built-in names.
    seen = {id(context), id(vars(builtins))}
    for name, module in list(sys.modules.items()):
        if not isinstance(module, types.ModuleType) or name.split(".")[0] not in (*_PACKAGES, *libraries):
            continue
        if name.startswith(_KEEPERS):
            watch(name)
        for key, value in list(vars(module).items()):
            if isinstance(value, (dict, list, set)) and id(value) not in seen and (name, key) not in _CACHES:
                seen.add(id(value))
                _kept.append(value)
                _owners.append(name)
    _sizes = list(map(len, _kept))
    _known_environment = _environment()


def _environment():
    return tuple(os.environ._data.items())


def _codes(value, found):
    code = getattr(value, "__code__", None)
    if isinstance(code, types.CodeType):
        waiting = [code]
        while waiting:
            code = waiting.pop()
            found.append(code)
            waiting += [item for item in code.co_consts if isinstance(item, types.CodeType)]


def watch(name):
    """From now on `keeps` says so when code of the module has run."""
    if name in _watched or name not in sys.modules:
        return
    if not _watched:
        if _monitoring.get_tool(_TOOL) is None:
            _monitoring.use_tool_id(_TOOL, "lens")
        _monitoring.register_callback(_TOOL, _monitoring.events.PY_START, _start)
    _watched.add(name)
    codes = []
    for value in list(vars(sys.modules[name]).values()):
        if isinstance(value, type):
            if value.__module__ == name:
                for attribute in list(vars(value).values()):
                    _codes(getattr(attribute, "__func__", getattr(attribute, "fget", attribute)), codes)
        elif getattr(value, "__module__", None) == name:
            _codes(value, codes)
    for code in codes:
        _monitoring.set_local_events(_TOOL, code, _monitoring.events.PY_START)


def keeps():
    """Whether something was kept since the last call, or code of a module ran that keeps things."""
    global _ran, _sizes, _known_environment
    found = _ran
    _ran = False
    sizes = list(map(len, _kept))
    if sizes != _sizes:
        found = True
        for name, before, now in zip(_owners, _sizes, sizes):
            if before != now:
                watch(name)
        _sizes = sizes
    environment = _environment()
    if environment != _known_environment:
        _known_environment = environment
        found = True
    return found


def footprint(context, libraries):
    """Another text where anything that modules, or metadata's definitions, hold by name is another object or size."""
    spaces = [("", context)]
    for name, module in list(sys.modules.items()):
        if isinstance(module, types.ModuleType) and name.split(".")[0] in (*_PACKAGES, *libraries):
            spaces.append((name, vars(module)))
    found = []
    for name, space in spaces:
        for key, value in list(space.items()):
            size = len(value) if isinstance(value, (dict, list, set)) else 0
            found.append((name, key, id(value), size))
    return repr(hash((tuple(found), _environment())))
