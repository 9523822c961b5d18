"""
The code that all recipes share: what modules define, remembered, so that it can be told when a recipe puts
something else in its place. BitBake would evaluate every later recipe with that.
"""

import builtins
import sys
import types

_PACKAGES = ("bb", "oe", "lens")
_MODULES = ("builtins", "os", "posix", "posixpath", "sys", "re", "subprocess")
_CODE = (types.FunctionType, types.BuiltinFunctionType, types.ModuleType, type)

# Built-in functions can be replaced, too.
_len = len

#: (names, name, value, code of a function, what to call it)
_remembered = []
#: (names, how many there were, which those were, what to call them)
_sizes = []
_builtin_names = frozenset()
#: The line that ran before the present one, and the one to blame.
_last = None
_culprit = None


def _add(names, prefix):
    for name, value in list(names.items()):
        if isinstance(value, _CODE):
            _remembered.append((names, name, value, getattr(value, "__code__", None), prefix + name))


def remember():
    """Takes everything as it is now."""
    global _builtin_names, _remembered, _sizes
    _remembered = []
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


def replaced():
    """The names of all that is not what it was."""
    found = []
    for names, name, value, code, title in _remembered:
        if names.get(name) is not value or (code is not None and value.__code__ is not code):
            found.append(title)
    for names, size, before, title in _sizes:
        # A name that hides a built-in one has the same effect on the code around it.
        if _len(names) != size:
            found += [title + name for name in names if name not in before and name in _builtin_names]
    return found


def culprit():
    """`file:line`; empty where no line was followed."""
    place = _culprit or (_last if replaced() else None)
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
