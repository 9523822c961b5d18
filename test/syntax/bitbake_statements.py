"""Has BitBake's own parser read files, and says what it hands to its evaluation.

Usage: bitbake_statements.py BITBAKE_DIRECTORY

Reads lines of JSON {"path", "text"} from standard input and writes one line of JSON for each:
{"statements": [[kind, lineno, ...]], "refused": null or {"type", "message", "lineno"},
"warnings": [[code, lineno or null]]}. Nothing is evaluated, and no file is opened.
"""

import io
import json
import os
import sys
import warnings

warnings.simplefilter("ignore")
sys.path.insert(0, os.path.join(sys.argv[1], "lib"))

import bb.parse  # noqa: E402
from bb.parse import ast  # noqa: E402
from bb.parse.parse_py import BBHandler, ConfHandler  # noqa: E402

statements = []
found = []
text = ""
fed = 0

OPERATORS = {
    "colon": ":=",
    "lazyques": "??=",
    "ques": "?=",
    "append": "+=",
    "prepend": "=+",
    "predot": "=.",
    "postdot": ".=",
}


class Fatal(Exception):
    """Stands for bb.fatal."""


class Data:
    """Stands for the datastore, of which reading needs next to nothing."""

    def getVar(self, *_args, **_options):
        return None

    def setVar(self, *_args, **_options):
        pass


def assignment(groups):
    operator = next((OPERATORS[name] for name in OPERATORS if groups[name] is not None), "=")
    variable = groups["var"]
    if any(keyword in variable for keyword in (":append", ":prepend", ":remove")):
        if operator in ("+=", "=+", ".=", "=."):
            found.append(["operator-combination", None])
    return [variable, groups["flag"], operator, groups["exp"] is not None, groups["value"]]


def addtask(*given):
    if len(given) == 1:
        given = given[0].group("func", "before", "after")
    return list(given)


def function(name, body, python, fakeroot):
    return [name, bool(python) or name == "__anonymous", bool(fakeroot), list(body)]


HANDLERS = {
    "handleData": ("assignment", assignment),
    "handleInclude": ("include", lambda m, force: ["require" if force else "include", m.group(1)]),
    "handleIncludeAll": ("include", lambda m: ["include_all", m.group(1)]),
    "handleExport": ("export", lambda m: [m.group(1)]),
    "handleUnset": ("unset", lambda m: [m.group(1), None]),
    "handleUnsetFlag": ("unset", lambda m: [m.group(1), m.group(2)]),
    "handleMethod": ("function", function),
    "handlePythonMethod": ("def", lambda name, root, body: [name, list(body)]),
    "handleExportFuncs": ("export-functions", lambda m, classname: [m.group(1).split()]),
    "handleAddTask": ("addtask", addtask),
    "handleDelTask": ("deltask", lambda given: [given if isinstance(given, str) else given.group(1)]),
    "handleBBHandlers": ("addhandler", lambda m: [m.group(1).split()]),
    "handlePyLib": ("addpylib", lambda m: list(m.groups())),
    "handleInherit": ("inherit", lambda m: [False, m.group(1)]),
    "handleInheritDeferred": ("inherit", lambda m: [True, m.group(1)]),
    "handleAddFragments": ("addfragments", lambda m: list(m.groups())),
}


def recorder(kind, describe):
    def record(_statements, _path, lineno, *given):
        statements.append([kind, lineno] + describe(*given))

    return record


for name, (kind, describe) in HANDLERS.items():
    setattr(ast, name, recorder(kind, describe))
ast.StatementGroup.eval = lambda self, data: None


def fatal(message):
    raise Fatal(message)


def warn(message, *_args):
    if "found tabs" in message:
        found.append(["tab-in-python", int(message.rsplit(" ", 1)[1])])
    elif "lack of whitespace" in message:
        found.append(["blanks-around-operator", int(message.split(" has a lack")[0].rsplit(":", 1)[1])])
    elif "addtask ignored" in message:
        found.append(["addtask-ignored", None])
    elif "addtask contained multiple" in message:
        found.append(["addtask-repeated-keyword", None])
    else:
        found.append([message, None])


class Logger:
    """Stands for the parsers' loggers: only warnings are of interest."""

    warning = staticmethod(warn)

    def __getattr__(self, _name):
        return lambda *_args, **_options: None


def counted(feeder):
    def feed(lineno, *given, **options):
        global fed
        fed = lineno
        return feeder(lineno, *given, **options)

    return feed


bb.fatal = fatal
bb.warn = warn
for handler in (BBHandler, ConfHandler):
    handler.logger = Logger()
    handler.feeder = counted(handler.feeder)
    handler.resolve_file = lambda path, data: path
    # As a text file is read: with universal newlines.
    handler.open = lambda path, mode: io.StringIO(text, newline=None)


def read(path):
    BBHandler.cached_statements.clear()
    setattr(BBHandler, "__inpython__", False)
    if not path.endswith(".conf"):
        return BBHandler.handle(path, Data(), 1)
    if "baseconfig" in ConfHandler.handle.__code__.co_varnames:
        return ConfHandler.handle(path, Data(), 1, baseconfig=True)
    return ConfHandler.handle(path, Data(), 1)


for line in sys.stdin:
    request = json.loads(line)
    statements.clear()
    found.clear()
    fed = 0
    text = request["text"]
    refused = None
    try:
        read(request["path"])
    except Exception as reason:  # BitBake's parser also fails by IndexError and TypeError
        refused = {"type": type(reason).__name__, "message": str(reason), "lineno": fed}
    print(json.dumps({"statements": statements, "refused": refused, "warnings": found}), flush=True)
