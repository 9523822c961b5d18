"""
Modules that are not here. The host's Python may have them, since it is of another version or more is installed beside
it: that there is none is told to recipes and classes that look for one, and recorded as a refusal. What libraries look
for on their own (the standard library, BitBake's, those of layers) is left to them, since they do so while they are
imported, whether that matters to anybody or not; so are modules of the layers' own packages.
"""

import sys

from . import datastore, port

_HOME = "/.lens/"
_IMPORT_SYSTEM = ("<frozen importlib", "<frozen zipimport")


class Finder:
    """The last of `sys.meta_path`: nobody else knows the module."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        is_layers = path is not None and not all(place.startswith(_HOME) for place in path)
        if not is_layers and _is_metadata():
            port.request(("R" + port.encode("import %s" % name)).encode())
        return None


def _is_metadata():
    """Whether a recipe or class imports it, and not a library that it calls."""
    frame = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(_IMPORT_SYSTEM) and "/importlib/" not in file:
            return not file.endswith(".py") and not file.startswith(datastore.not_layers + ("<frozen ",))
        frame = frame.f_back
    return False


def install():
    sys.meta_path.append(Finder)
