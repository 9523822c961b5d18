"""
Makes `bb` ready: the workspace's own release, or the stand-in where there is none. What TypeScript does
itself (the datastore, parsing, inheriting) is put in the place of BitBake's own; messages go to the port.
"""

import logging
import sys
import types

from . import door, host, port, tasks
from .datastore import Datastore

_LEVELS = (
    (logging.CRITICAL, "fatal"),
    (logging.ERROR - 1, "error"),
    (logging.WARNING - 1, "warning"),
    (logging.INFO + 1, "plain"),
    (logging.INFO - 1, "note"),
)


class _Messages(logging.Handler):
    """What BitBake logs, told to TypeScript."""

    def __init__(self):
        super().__init__()
        self.told = set()

    def emit(self, record):
        if port.muted:
            return
        text = record.getMessage()
        level = record.levelno
        if level in (logging.WARNING - 1, logging.ERROR - 1):
            if text in self.told:
                return
            self.told.add(text)
        for least, name in _LEVELS:
            if level >= least:
                port.message("note" if level == logging.INFO + 2 else name, text)
                return


def _inherit(files, fn, lineno, d, deferred=False):
    port.call("inherit", d.number, files, fn, lineno, bool(deferred))


def _inherit_defer(files, fn, lineno, d):
    port.call("inherit_defer", d.number, files, fn, lineno)


def _include(parentfn, fns, lineno, data, error_out, *others):
    port.call("include", data.number, parentfn, fns, lineno, error_out or None)


def _handle(fn, data, include=0, *others):
    port.call("include", data.number, "", fn, 0, None)
    return data


def _fire_class_handlers(event, d):
    """Of events that metadata fires itself: what a handler would change then is not known."""
    if isinstance(event, logging.LogRecord):
        return
    name = str(event.__class__)[8:-2]
    if d is None or port.call("listens", d.number, name):
        host.refuse("fire %s, which event handlers may listen to" % name)


def _take_over(bb):
    bb.data_smart.DataSmart = Datastore
    bb.data._dict_type = Datastore
    bb.parse.BBHandler.inherit = _inherit
    bb.parse.BBHandler.inherit_defer = _inherit_defer
    bb.parse.ConfHandler.include = _include
    bb.parse.handle = _handle
    bb.event.fire_class_handlers = _fire_class_handlers
    # BitBake's own asks for a flag of every variable.
    bb.build.tasksbetween = tasks.tasksbetween
    bb.parse.siggen = Signatures()
    if hasattr(bb.utils, "_hasher"):
        bb.utils._hasher = _hasher


def _hasher(method, filename):
    """BitBake's own maps the file into memory."""
    with open(filename, "rb") as file:
        while part := file.read(1 << 16):
            method.update(part)
    return method.hexdigest()


def _log(bb):
    logger = logging.getLogger("BitBake")
    logger.handlers = [_Messages()]
    logger.propagate = False
    bb.msg.loggerDefaultLogLevel = logging.INFO - 1
    # Each message costs a stack walk otherwise, for a place that nobody reads.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def _forget_databases():
    """`bb.persist_data` of older releases: SQLite as it is used there needs shared memory, so it gets none."""
    module = sys.modules.get("bb.persist_data")
    if module is None:
        return
    sqlite3 = module.sqlite3
    module.sqlite3 = types.SimpleNamespace(
        **{**vars(sqlite3), "connect": lambda database, **options: sqlite3.connect(":memory:", **options)}
    )


class Signatures:
    """In the place of `bb.parse.siggen`: metadata may look at it, signatures are made elsewhere."""

    def __init__(self):
        self.tidtopn = {}
        self.basehash = {}
        self.taskhash = {}
        self.unihash = {}
        self.lookupcache = {}
        self.runtaskdeps = {}
        self.file_checksum_values = {}
        self.taskdeps = {}
        self.datacaches = {}
        self.name = "noop"

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: None


def start(library, traits):
    """@param library: the directory that holds `bb`, or None for the stand-in @param traits: see `analysis.py`"""
    import bb

    if library:
        import bb.build
        import bb.codeparser
        import bb.data
        import bb.data_smart
        import bb.event
        import bb.fetch2
        import bb.methodpool
        import bb.parse
        import bb.siggen
        import bb.utils

        _log(bb)
        _forget_databases()
    _take_over(bb)
    context = bb.utils.get_context()
    context.setdefault("bb", bb)
    door.install(bb, context, library, traits)
