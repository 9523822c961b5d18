"""
What Python text depends on: the variables it reads, what it calls, the words it tests variables for.

Follows `bb/codeparser.py: PythonParser` and `add_module_functions` (with `bb/data_smart.py:
expandWithRefs` for `.expand` of a literal) to the letter, since what is found here enters the hashes.
Input is text, or an imported module; output is plain dicts and lists that survive JSON. Imports nothing
of BitBake, keeps no state and memoises nothing. Runs under CPython 3.11 and newer, natively or in
WebAssembly.
"""

import ast
import hashlib
import inspect
import os
import re
import warnings

# How the releases differ; each key says what holds when it is true. The values are those of BitBake 2.18; which
# release has which, `metadata/release.ts` knows.
TRAITS = {
    # There are functions of layer libraries as dependencies of their own.
    "module_functions": True,
    # bb.parse.vardeps and vardepsexclude on such a function change its references.
    "function_vardeps": True,
    # A function's `visitorcode` answers for every call of the function.
    "visitorcode": True,
    # Of a module's functions, those count that are defined in its own file, else those it imports, too.
    "own_functions_only": True,
    # A function of a module is hashed with its source, else with its name and what it depends on alone.
    "sources_hashed": True,
    # A callable without source, met among a module's functions, is passed over, else it is an error.
    "builtins_skipped": True,
    # Arguments after the first count when they are any literal, else only when they are strings.
    "any_literals": True,
    # A call without the argument that counts is an error, else it is passed over.
    "short_calls_fail": True,
    # A call with an unknown argument is put into words by ast.unparse, which copes with everything,
    # else by codegen.py, on which some expressions break.
    "unparse": False,
    # `${@…}` may hold one level of braces, else it ends at the first `}`.
    "nested_braces": True,
    # `${@…}` with a `${VAR}` in it that did not expand stays as it is, else it is compiled all the same.
    "unexpanded_kept": True,
}

_GETVARS = (".getVar", ".appendVar", ".prependVar", "oe.utils.conditional")
_GETVARFLAGS = (".getVarFlag", ".appendVarFlag", ".prependVarFlag")
_CONTAINS = ("bb.utils.contains", "base_contains")
_CONTAINS_ANY = ("bb.utils.contains_any", "bb.utils.filter")
_RUNS = ("bb.build.exec_func", "bb.build.exec_task")

_REFERENCE = re.compile(r"\$\{[a-zA-Z0-9\-_+./~:]+\}")
_INLINE = re.compile(r"\$\{@(?:\{.*?\}|.)+?\}")
_INLINE_FLAT = re.compile(r"\$\{@.+?\}")

# Expansion of one literal goes on as long as the text changes; BitBake has no bound and would hang.
_MOST_ROUNDS = 1000


def analyse(text, variable, visitors, traits=None, evaluate=None):
    """
    What `PythonParser(variable).parse_python(text)` collects.

    `variable` is the name under which `.expand` of a literal expands it (or None). `visitors` maps the
    full name of a function (`oe.qa.handle_error`) to its `visitorcode`. `traits` overrides some of
    TRAITS. `evaluate` gives the value, on an empty datastore, of an expression inside such a literal
    (it may raise); without it the value counts as empty.

    Returns {references, execs: sorted lists; contains: {variable: sorted list}; unseen: [{call,
    argument, line}], where BitBake warns that the name is no literal; syntax_error: {message, line} or
    None; error: the message of any other exception that BitBake raises on this text, or None}. Lines
    count from 0 in the text. With either error, all else is empty.
    """
    return _guarded(lambda: _analysed(text, variable, visitors, _all_traits(traits), evaluate))


def module_functions(module, namespace, visitors, traits=None, evaluate=None):
    """
    The functions of an imported module of a layer's library, as `bb/parse/ast.py: PyLibNode.eval` hands
    them to `add_module_functions`: for every public callable defined in the module's own file, in the
    order of their names, what `analyse` returns, with `name` (`oe.utils.foo`, where `namespace` is
    `oe.utils`) and `extra`, the hash of its source that stands for its value (empty where that does not count).

    A function with a `visitorcode` is entered into `visitors`, for all that is analysed after it.
    """
    traits = _all_traits(traits)
    if not traits["module_functions"]:
        return []
    functions = {}
    for name in dir(module):
        if not name.startswith("_"):
            value = getattr(module, name)
            if callable(value):
                functions[name] = value
    found = []
    for name, function in functions.items():
        source = _source(function, module.__file__, traits)
        if source is None:
            continue
        full = namespace + "." + name
        result = _guarded(lambda: _of_function(full, source, function, visitors, traits, evaluate))
        result["execs"] = sorted({namespace + "." + e if e in functions else e for e in result["execs"]})
        result["name"] = full
        result.setdefault("extra", None)
        found.append(result)
        if traits["visitorcode"] and getattr(function, "visitorcode", None):
            visitors[full] = function.visitorcode
    return found


class _Failure(Exception):
    """An exception that BitBake raises; its only argument is the message."""


def _all_traits(traits):
    return TRAITS if traits is None else {**TRAITS, **traits}


def _empty():
    return {
        "references": [],
        "execs": [],
        "contains": {},
        "unseen": [],
        "syntax_error": None,
        "error": None,
    }


def _guarded(analysis):
    """The result of `analysis`, or the exception it ended in, as data."""
    try:
        return analysis()
    except SyntaxError as exc:
        result = _empty()
        result["syntax_error"] = {"message": exc.msg, "line": max((exc.lineno or 1) - 1, 0)}
    except _Failure as exc:
        result = _empty()
        result["error"] = exc.args[0]
    except Exception as exc:
        result = _empty()
        result["error"] = "%s: %s" % (type(exc).__name__, exc)
    return result


def _analysed(text, variable, visitors, traits, evaluate):
    if not text or not text.strip():
        return _empty()
    finding = _Finding(variable, visitors, traits, evaluate)
    finding.read(text)
    return finding.result()


def _source(function, file, traits):
    """The source of a function and its first line (from 1); None where it does not count in the module of `file`."""
    try:
        if traits["own_functions_only"] and inspect.getsourcefile(function) != file:
            return None
        lines, line = inspect.getsourcelines(function)
        return "".join(lines), line
    except TypeError as exc:
        return None if traits["builtins_skipped"] else exc
    except OSError as exc:
        # Python's own library is compiled in the sandbox. BitBake reads its source, which names nothing of metadata.
        return ("", 0) if _is_of_python(function) else exc
    except Exception as exc:
        return exc


def _is_of_python(function):
    return inspect.getfile(function).startswith(os.path.dirname(inspect.__file__) + "/")


def _of_function(name, source, function, visitors, traits, evaluate):
    if isinstance(source, Exception):
        raise source
    text, line = source
    # BitBake pads by as many lines as stand up to the first one, itself included, and hashes that.
    padded = "\n" * line + text
    finding = _Finding(name, visitors, traits, evaluate)
    finding.read(padded)
    if traits["function_vardeps"]:
        finding.references |= getattr(function, "bb_vardeps", set())
        finding.references -= getattr(function, "bb_vardepsexclude", set())
    result = finding.result()
    for unseen in result["unseen"]:
        # Lines are those of the function's own source.
        unseen["line"] -= line
    result["extra"] = hashlib.sha256(padded.encode("utf-8")).hexdigest() if traits["sources_hashed"] else ""
    return result


def _unindented(text):
    """The text as a module of its own (`check_indent`), and how many lines that put before it."""
    start = len(text) - len(text.lstrip("\n\t "))
    if start == 0 or text[start - 1] == "\n":
        return text, 0
    if text[0] == "\n":
        return "if 1:" + text, 0
    return "if 1:\n" + text, 1


def _syntax_tree(text):
    """The syntax tree of the text, and by how much its lines (from 1) exceed those of the text (from 0)."""
    code, added = _unindented(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = compile(code, "<string>", "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
        except SyntaxError as exc:
            if exc.lineno is not None:
                exc.lineno -= added
            raise
        except ValueError as exc:
            raise SyntaxError(str(exc)) from exc
    return tree, added + 1


def _called(node):
    """The dotted name that is called, or None where the call is of no plain name."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    parts.append(node.id)
    return ".".join(reversed(parts))


def _is_string(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


class _Finding:
    """What one text has been found to depend on so far."""

    def __init__(self, variable, visitors, traits, evaluate):
        self.variable = variable
        self.visitors = visitors
        self.traits = traits
        self.evaluate = evaluate
        self.references = set()
        self.execs = set()
        self.run = set()
        self.contains = {}
        self.unseen = []
        self.line_offset = 1

    def read(self, text):
        tree, self.line_offset = _syntax_tree(text)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                self.call(node)

    def result(self):
        execs = self.execs | self.run
        for items in (self.references, execs, *self.contains.values()):
            for item in items:
                # BitBake interns all of them when it caches the result.
                if not isinstance(item, str):
                    raise TypeError("intern() argument must be string, not %s" % type(item).__name__)
        return {
            "references": sorted(self.references),
            "execs": sorted(execs),
            "contains": {name: sorted(items) for name, items in self.contains.items()},
            "unseen": sorted(self.unseen, key=lambda unseen: unseen["line"]),
            "syntax_error": None,
            "error": None,
        }

    def call(self, node):
        name = _called(node.func)
        if not name:
            return
        visitor = self.visitors.get(name) if self.traits["visitorcode"] else None
        if visitor:
            self.visit(visitor, name, node)
        elif name.endswith(_GETVARS + _GETVARFLAGS) or name in _CONTAINS or name in _CONTAINS_ANY:
            self.access(name, node)
        elif name.endswith(".expand"):
            if self.counts(node.args[0]):
                self.expand(node.args[0].value, node)
        elif name in _RUNS:
            if self.counts(node.args[0]):
                self.run.add(node.args[0].value)
            else:
                self.warn(node, node.args[0])
        else:
            self.execs.add(name)

    def counts(self, node):
        """Whether an argument is a literal that BitBake takes at its value."""
        return isinstance(node, ast.Constant) if self.traits["any_literals"] else _is_string(node)

    def visit(self, visitor, name, node):
        contains, execs, warn = visitor(name, node.args)
        for variable in contains:
            # What the call before it tested is forgotten, in BitBake too.
            self.contains[variable] = contains[variable]
        self.execs |= execs
        if warn:
            self.warn(node, warn)

    def access(self, name, node):
        """A call whose first argument names a variable."""
        args = node.args
        if not _is_string(args[0]):
            self.warn(node, args[0])
            return
        variable = args[0].value
        if name in _CONTAINS and self.counts_second(args):
            self.contains.setdefault(variable, set()).add(args[1].value)
        elif name in _CONTAINS_ANY and self.counts_second(args):
            self.contains.setdefault(variable, set()).update(args[1].value.split())
        elif name.endswith(_GETVARFLAGS):
            if self.counts_second(args):
                self.references.add("%s[%s]" % (variable, args[1].value))
            else:
                self.warn(node, args[1])
        else:
            self.references.add(variable)

    def counts_second(self, args):
        if len(args) < 2 and not self.traits["short_calls_fail"]:
            return False
        return self.counts(args[1])

    def warn(self, node, argument):
        if not self.traits["unparse"]:
            _put_into_words(argument)
        self.unseen.append(
            {
                "call": ast.unparse(node.func),
                "argument": _text_of(argument),
                "line": node.lineno - self.line_offset,
            }
        )

    def expand(self, text, node):
        """Expands a literal on an empty datastore, where no variable has a value."""
        if not isinstance(text, str):
            return
        inline = _INLINE if self.traits["nested_braces"] else _INLINE_FLAT
        for _ in range(_MOST_ROUNDS):
            if "${" not in text:
                return
            before = text
            try:
                for match in _REFERENCE.finditer(text):
                    self.refer(match.group()[2:-1])
                text = inline.sub(lambda match: self.inline(match, node), text)
            except SyntaxError as exc:
                # The quotes may close beyond the `}` at which the expression seemed to end.
                if not exc.msg.startswith(("unterminated string literal", "EOL while scanning string literal")):
                    raise self.expansion_failure(before, exc) from exc
            except _Failure:
                raise
            except Exception as exc:
                raise self.expansion_failure(before, exc) from exc
            if text == before:
                return
        raise _Failure("the expansion of %r has no end" % text)

    def expansion_failure(self, text, exc):
        return _Failure("cannot expand %r: %s: %s" % (text, type(exc).__name__, exc))

    def refer(self, name):
        if self.variable == name:
            raise _Failure("variable %s references itself" % name)
        self.references.add(name)

    def inline(self, match, node):
        """One `${@…}` of a literal: takes over what its code depends on; returns its value."""
        code = match.group()[3:-1]
        if self.traits["unexpanded_kept"] and _REFERENCE.search(code):
            return match.group()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(code.strip(), "<expansion>", "eval", dont_inherit=True)
        inner = _Finding(self.variable, self.visitors, self.traits, self.evaluate)
        inner.read(code)
        result = inner.result()
        self.references.update(result["references"])
        self.execs.update(result["execs"])
        for variable, items in result["contains"].items():
            self.contains.setdefault(variable, set()).update(items)
        line = node.lineno - self.line_offset
        self.unseen.extend({**unseen, "line": line} for unseen in result["unseen"])
        return "" if self.evaluate is None else str(self.evaluate(code.strip()))


def _text_of(node):
    try:
        return ast.unparse(node)
    except RecursionError:
        return "..."


class _NoWords(Exception):
    """codegen.py ends in the TypeError that BitBake catches."""


def _put_into_words(node):
    """Raises what BitBake's codegen.py raises, TypeError apart, when it turns the node into text."""
    try:
        _Codegen().visit(node)
    except _NoWords:
        pass


class _Codegen(ast.NodeVisitor):
    """Walks an expression in the order of codegen.py, up to the first point where that breaks."""

    def visit_BinOp(self, node):
        self.visit(node.left)
        if isinstance(node.op, (ast.Pow, ast.MatMult)):
            raise KeyError(type(node.op))
        self.visit(node.right)

    def visit_Compare(self, node):
        for right in node.comparators:
            self.visit(right)

    def visit_UnaryOp(self, node):
        self.visit(node.operand)

    def visit_IfExp(self, node):
        self.visit(node.body)
        self.visit(node.test)
        self.visit(node.orelse)

    def visit_Dict(self, node):
        for key, value in zip(node.keys, node.values):
            self.visit(key)
            self.visit(value)

    def visit_Yield(self, node):
        self.visit(node.value)

    def visit_Lambda(self, node):
        padding = [None] * (len(node.args.args) - len(node.args.defaults))
        for _, default in zip(node.args.args, padding + node.args.defaults):
            if default is not None:
                self.visit(default)
        if node.args.vararg is not None or node.args.kwarg is not None:
            raise _NoWords
        self.visit(node.body)

    def visit_Call(self, node):
        self.visit(node.func)
        for argument in node.args:
            self.visit(argument)
        for keyword in node.keywords:
            if keyword.arg is None:
                raise _NoWords
            self.visit(keyword.value)
