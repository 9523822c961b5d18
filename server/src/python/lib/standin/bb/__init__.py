"""
The part of `bb` that metadata calls while it is parsed, for workspaces without a BitBake of their own.

Written afresh for this project: names and behaviour are those of BitBake 2.18, nothing of its code. What only
makes sense while a build runs is refused.
"""

from lens import port

__version__ = "2.18.0"


class BBHandledException(Exception):
    """Raised where the user has already been told what is wrong."""


_said = set()


def _say(level, words):
    port.message(level, "".join(words))


def _say_once(level, words):
    key = (level, words)
    if key not in _said:
        _said.add(key)
        _say(level, words)


def plain(*args):
    _say("plain", args)


def note(*args):
    _say("note", args)


def verbnote(*args):
    _say("note", args)


def debug(lvl, *args):
    """Debug messages are not shown."""


def warn(*args):
    _say("warning", args)


def warnonce(*args):
    _say_once("warning", args)


def error(*args, **kwargs):
    _say("error", args)


def erroronce(*args):
    _say_once("error", args)


def fatal(*args, **kwargs):
    _say("fatal", args)
    raise BBHandledException()


from bb import build, data, data_smart, event, fetch2, filter, msg, parse, process, siggen, utils  # noqa: E402

fetch = fetch2
__import__("sys").modules["bb.fetch"] = fetch2
