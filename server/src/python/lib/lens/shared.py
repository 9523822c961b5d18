"""
The code that all recipes share: what modules define, remembered, so that it can be told when a recipe puts
something else in its place. BitBake would evaluate every later recipe with that.
"""

import builtins
import operator
import sys
import types

_PACKAGES = ("bb", "oe", "lens")
_MODULES = ("builtins", "os", "posix", "posixpath", "sys", "re", "subprocess")
_CODE = (types.FunctionType, types.BuiltinFunctionType, types.ModuleType, type)

# Built-in functions can be replaced, too.
_len = len
_map = map
_all = all
_KeyError = KeyError
_is = operator.is_
_code_of = operator.attrgetter("__code__")

#: (names, name, value, code of a function, what to call it)
_remembered = []
#: The same for a quick look: (names, what gets all of those, the values), then all functions and their code.
_groups, _functions, _codes = [], [], []
#: (names, how many there were, which those were, what to call them)
_sizes = []
_builtin_names = frozenset()
#: The line that ran before the present one, and the one to blame.
_last = None
_culprit = None


def _add(names, prefix):
    group = [(name, value) for name, value in list(names.items()) if isinstance(value, _CODE)]
    for name, value in group:
        _remembered.append((names, name, value, getattr(value, "__code__", None), prefix + name))
    _look_at(names, group)


def _look_at(names, group):
    keys = [name for name, value in group]
    # With one name alone it would get no tuple.
    if keys:
        _groups.append((names, operator.itemgetter(*keys, keys[0]), [value for name, value in group] + [group[0][1]]))


def remember():
    """Takes everything as it is now."""
    global _builtin_names, _remembered, _sizes, _groups, _functions, _codes
    _remembered = []
    _groups = []
    _sizes = []
    _builtin_names = frozenset(vars(builtins))
    for name, module in list(sys.modules.items()):
        if not isinstance(module, types.ModuleType):
            continue
        if name not in _MODULES and name.split(".")[0] not in _PACKAGES:
            continue
        names = vars(module)
        _remembered.append((sys.modules, name, module, None, name))
        _sizes.append((names, len(names), frozenset(names), name + "."))
        _add(names, name + ".")
        for attribute, value in list(names.items()):
            if isinstance(value, type) and value.__module__ == name:
                _add(value.__dict__, "%s.%s." % (name, attribute))
    modules = [(name, module) for names, name, module, _, _ in _remembered if names is sys.modules]
    _look_at(sys.modules, modules)
    _functions = [value for _, _, value, code, _ in _remembered if code is not None]
    _codes = [code for _, _, _, code, _ in _remembered if code is not None]


def _as_before():
    """Whether nothing at all was replaced: what `replaced` tells, at a tenth of its time."""
    try:
        for names, get, values in _groups:
            if not _all(_map(_is, get(names), values)):
                return False
    except _KeyError:
        return False
    for names, size, before, _ in _sizes:
        if _len(names) != size:
            for name in names:
                if name not in before and name in _builtin_names:
                    return False
    return _all(_map(_is, _map(_code_of, _functions), _codes))


def replaced():
    """The names of all that is not what it was."""
    found = []
    if _as_before():
        return found
    for names, name, value, code, title in _remembered:
        if names.get(name) is not value or (code is not None and value.__code__ is not code):
            found.append(title)
    for names, size, before, title in _sizes:
        # A name that hides a built-in one has the same effect on the code around it.
        if _len(names) != size:
            found += [title + name for name in names if name not in before and name in _builtin_names]
    return found


def culprit(found):
    """`file:line` of what did `found`; empty where no line was followed."""
    place = _culprit or (_last if found else None)
    return "%s:%d" % place if place else ""


def follow(in_layer):
    """Watches every line of code for which `in_layer` of its file holds."""

    def line(frame, event, argument):
        global _last, _culprit
        if _culprit is None:
            if _last is not None and replaced():
                _culprit = _last
            _last = (frame.f_code.co_filename, frame.f_lineno) if event == "line" else None
        return line

    def call(frame, event, argument):
        return line if in_layer(frame.f_code.co_filename) else None

    sys.settrace(call)
