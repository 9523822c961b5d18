"""
What TypeScript calls: each function takes one str and returns one, whose first letter says what it is (`s` a
string, `j` JSON, `!` an exception). None of them raises.
"""

import builtins
import gc
import json
import sys

from . import analysis, datastore, keeping, listing, port, shared
from .datastore import Datastore

_loads = json.loads
_dumps = json.dumps
_HOME = "/.lens/"

#: The context that metadata runs in: `bb.utils._context`.
_context = None
#: The module whose classes errors from TypeScript become.
_bb = None
#: The directory of the workspace's BitBake library, with a slash; None for the stand-in.
_library = None
#: How the release at hand analyses code (`analysis.py: TRAITS`).
_traits = None

_handlers = {}
#: The names of the layers' libraries.
_libraries = []
_expressions = {}
_modules = listing.modules
_visitors = {}

_EXCLUDED = frozenset([name for name in dir(builtins) if not name.startswith("_")] + ["oe"])


def install(bb, context, library, traits):
    """@param library: the directory of the workspace's BitBake library, or None @param traits: see `analysis.py`"""
    global _bb, _context, _library, _traits
    _bb = bb
    _context = context
    _library = library + "/" if library else None
    _traits = traits
    port.connect(Datastore, make_error)
    if library:
        datastore.not_layers += (_library,)


class DataContext(dict):
    """The local names of an expression: `d`, then the variables (`bb/data_smart.py: DataContext`)."""

    def __init__(self, d):
        dict.__init__(self, d=d)
        self.metadata = d

    def __missing__(self, key):
        if key in _EXCLUDED or key in _context:
            raise KeyError(key)
        value = self.metadata.getVar(key)
        if value is None:
            raise KeyError(key)
        return value


def _type_name(kind):
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else "%s.%s" % (module, kind.__qualname__)


def _frame_of(error):
    """The innermost place in a layer; failing that, in BitBake's library."""
    found = None
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.startswith("/") and not file.startswith(_HOME):
            if not (_library and file.startswith(_library)) or found is None:
                found = (file, trace.tb_lineno)
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename and error.filename.startswith("/"):
        if not error.filename.startswith(_HOME):
            return error.filename, error.lineno or 1
    return found


def _describe(error):
    """What TypeScript needs to know of an exception, as JSON."""
    kind = type(error)
    try:
        message = str(error)
    except BaseException:
        message = kind.__name__
    frame = _frame_of(error)
    cause = error
    for _ in range(20):
        if frame is not None:
            break
        cause = getattr(cause, "exception", None) or cause.__cause__
        if not isinstance(cause, BaseException):
            break
        frame = _frame_of(cause)
    return _dumps(
        {
            "id": port.keep_error(error),
            "token": getattr(error, "_lens_token", None),
            "type": _type_name(kind),
            "types": [_type_name(base) for base in kind.__mro__],
            "message": message,
            "argument": _argument(error),
            "frame": frame,
        }
    )


def _argument(error):
    """The first argument in words; empty where it counts as false, None where there is none."""
    if not error.args:
        return None
    try:
        return str(error.args[0]) if error.args[0] else ""
    except BaseException:
        return type(error).__name__


def _failure(error):
    try:
        return "!" + _describe(error)
    except BaseException as second:
        return "!" + _dumps(
            {
                "id": port.keep_error(second),
                "token": None,
                "type": _type_name(type(error)),
                "types": [_type_name(type(error)), "Exception", "BaseException", "object"],
                "message": "an exception that cannot be described",
                "argument": None,
                "frame": None,
            }
        )


def make_error(description):
    """The exception that an error thrown by TypeScript becomes."""
    kind = description["kind"]
    message = description["message"]
    if kind == "expansion":
        inner = description.get("cause")
        if inner is None:
            cause = Exception(message)
        elif "id" in inner:
            cause = port.kept_error(inner["id"])
        else:
            cause = make_error(inner)
        error = _bb.data_smart.ExpansionError(
            description["variable"], description["expression"], cause
        )
        error.varlist = list(description["chain"])
        error.__cause__ = cause
    elif kind == "fatal":
        error = _bb.BBHandledException(message) if message else _bb.BBHandledException()
    elif kind == "parse":
        error = _bb.parse.ParseError(message, description["file"], description["line"])
    elif kind == "skip":
        error = _bb.parse.SkipRecipe(message)
    else:
        error = Exception(message)
    error._lens_token = description["token"]
    return error


def _entry(function):
    def entry(argument):
        try:
            return function(argument)
        except BaseException as error:
            return _failure(error)

    return entry


def _expression(key, variable, text):
    name = "Var <%s>" % variable if variable else "<expansion>"
    code = _expressions[key] = compile(text.strip(), name, "eval")
    return code


def _evaluate(argument):
    number, variable, text = argument.split("\n", 2)
    key = (variable, text)
    code = _expressions.get(key) or _expression(key, variable, text)
    d = datastore.of(int(number))
    names = _context.copy()
    names["d"] = d
    return "s" + str(eval(code, names, DataContext(d)))


def _compiled(text, file, line):
    key = (file, line, text)
    code = _modules.get(key)
    if code is None:
        code = compile("\n" * (line - 1) + text, file, "exec")
        _modules[key] = code
    return code


def _compile(argument):
    """Of [text, file, line] modules, of [text, variable, 0] expressions."""
    for text, name, line in _loads(argument):
        try:
            if line:
                _compiled(text, name, line)
            else:
                _expression((name, text), name, text)
        except Exception:
            pass
    return "s"


def _define(argument):
    file, line, text = _loads(argument)
    exec(_compiled(text, file, line), _context)
    return "s"


def _call_anonymous(argument):
    functions, number = _loads(argument)
    d = datastore.of(number)
    for name in functions:
        _context[name](d)
    return "s"


def _define_handler(argument):
    name, body, file, line = _loads(argument)
    names = {}
    exec(_compiled("def %s(e, d):\n%s" % (name, body), file, line), _context, names)
    _handlers[name] = names[name]
    return "s"


def _fire_handler(argument):
    name, event_class, arguments, number = _loads(argument)
    d = datastore.of(number)
    event = getattr(_bb.event, event_class)(*[port.decode(item) for item in arguments])
    event.data = d
    # Old releases' handlers take `d` from here.
    had = "d" in builtins.__dict__
    if not had:
        builtins.d = d
    try:
        _handlers[name](event, d)
    except SystemExit as exit:
        if exit.code != 0:
            raise
    finally:
        if not had:
            builtins.__dict__.pop("d", None)
    return "s"


def _import_globals(argument):
    for name in _loads(argument):
        if name not in _context:
            _context[name] = __import__(name)
    return "s"


def _evaluate_on_nothing(expression):
    """The value of an expression inside a literal that is expanded, as analysis needs it."""
    d = Datastore()
    return eval(compile(expression.strip(), "<expansion>", "eval"), {**_context, "d": d}, DataContext(d))


def _add_library(argument):
    directory, namespace = _loads(argument)
    if directory not in sys.path:
        sys.path.append(directory)
    found = []
    _libraries.append(namespace)
    try:
        package = _context[namespace] = __import__(namespace)
        for name in getattr(package, "BBIMPORTS", []):
            _context[namespace] = __import__("%s.%s" % (namespace, name))
            module = getattr(_context[namespace], name)
            found += analysis.module_functions(
                module, "%s.%s" % (namespace, name), _visitors, _traits, _evaluate_on_nothing
            )
    except AttributeError as error:
        # BitBake says so, and goes on with what it has.
        port.message("error", "Error importing OE modules: %s" % error)
    return "j" + _dumps(found)


def _analyse(argument):
    text, variable = _loads(argument)
    return "j" + _dumps(analysis.analyse(text, variable, _visitors, _traits, _evaluate_on_nothing))


def _apply_filter(argument):
    value, expression = _loads(argument)
    return "s" + _bb.filter.apply_filters(value, [expression])


def _settle(argument):
    """Before a checkpoint: what is garbage goes, what is left is not looked at by the collector again."""
    port.muted = False
    shared.remember()
    keeping.remember(_context, _libraries)
    gc.collect()
    gc.freeze()
    return "s"


def _keeps(argument):
    return "s1" if keeping.keeps() else "s"


def _footprint(argument):
    return "s" + keeping.footprint(_context, _libraries)


def _where(argument):
    """File and line of the innermost frame in a layer, of the code that is running now."""
    frame = sys._getframe(1)
    library = None
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith("/") and not file.startswith(_HOME):
            if not (_library and file.startswith(_library)):
                return "j" + _dumps([file, frame.f_lineno])
            library = library or [file, frame.f_lineno]
        frame = frame.f_back
    return "j" + _dumps(library)


def _replaced(argument):
    """The line that replaced shared code, where lines are followed, and what was replaced: a name a line."""
    found = shared.replaced()
    return "s" + "\n".join([shared.culprit(found)] + found)


def _follow_lines(argument):
    def in_layer(file):
        return file.startswith("/") and not file.startswith(_HOME) and not (_library and file.startswith(_library))

    shared.follow(in_layer)
    return "s"


def _ask(argument):
    """What one of our own modules answers to a question about a datastore."""
    module, question, number = _loads(argument)
    answer = getattr(__import__("lens." + module), module).answer
    return "j" + _dumps(answer(question, datastore.of(number), _context))


def _import_modules(argument):
    """Imports modules and returns their names; to be sure that they can be."""
    return "j" + _dumps([__import__(name).__name__ for name in _loads(argument)])


ENTRIES = {
    name.lstrip("_"): _entry(function)
    for name, function in list(globals().items())
    if function
    in (
        _evaluate,
        _define,
        _call_anonymous,
        _define_handler,
        _fire_handler,
        _import_globals,
        _import_modules,
        _add_library,
        _analyse,
        _apply_filter,
        _settle,
        _keeps,
        _footprint,
        _compile,
        _where,
        _replaced,
        _follow_lines,
        _ask,
    )
}
