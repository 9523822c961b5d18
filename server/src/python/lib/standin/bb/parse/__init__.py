"""Errors and names of parsing that metadata uses (`bb/parse/__init__.py`)."""

import os

from . import BBHandler, ConfHandler  # noqa: F401


class ParseError(Exception):
    def __init__(self, msg, filename, lineno=0):
        super().__init__(msg, filename, lineno)
        self.msg = msg
        self.filename = filename
        self.lineno = lineno

    def __str__(self):
        if self.lineno:
            return "ParseError at %s:%d: %s" % (self.filename, self.lineno, self.msg)
        return "ParseError in %s: %s" % (self.filename, self.msg)


class SkipRecipe(Exception):
    """Raised by a recipe that does not apply here."""


class SkipPackage(SkipRecipe):
    """The older name."""


def mark_dependency(d, f):
    """Files that matter are recorded where they are read."""


def vars_from_file(mypkg, d):
    """[PN, PV, PR] as the name of a recipe gives them, None where it does not."""
    if not mypkg or not mypkg.endswith((".bb", ".bbappend")):
        return (None, None, None)
    parts = os.path.splitext(os.path.basename(mypkg))[0].split("_")
    if len(parts) > 3:
        raise ParseError("Unable to generate default variables from filename (too many underscores)", mypkg)
    return parts + [None] * (3 - len(parts))


def resolve_file(fn, d):
    import bb

    if not os.path.isabs(fn):
        found = bb.utils.which(d.getVar("BBPATH"), fn)
        if not found:
            raise FileNotFoundError(2, "file %s not found in %s" % (fn, d.getVar("BBPATH")))
        return found
    if not os.path.isfile(fn):
        raise FileNotFoundError(2, "file %s not found" % fn)
    return fn


def _marking(attribute, names):
    def mark(function):
        setattr(function, attribute, getattr(function, attribute, set()) | set(names))
        return function

    return mark


def vardeps(*varnames):
    """Makes a library function depend on variables that its code does not show."""
    return _marking("bb_vardeps", varnames)


def vardepsexclude(*varnames):
    """The opposite: variables in its code that it does not depend on."""
    return _marking("bb_vardepsexclude", varnames)
