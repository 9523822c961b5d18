"""
What code makes of a list of all variables, as far as its text tells: where every name that does not begin with some text
is left out at once (`for var in d: if var.startswith("QB_"): …`), a variable of another name makes no difference to it.
"""

import ast
import itertools

#: (file, line, text) -> the code of that module: where texts are found (`door.py`).
modules = {}
#: (code, instruction) -> what is known of the list that it asks for.
_known = {}
_MOST_KNOWN = 1000
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def beginning(frame):
    """How all names begin that the code makes something of that runs in a frame and lists them; None: it may be of all."""
    code = frame.f_code
    key = (code, frame.f_lasti)
    if key not in _known:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[key] = _found(code, frame.f_lasti)
    return _known[key]


def _found(code, at):
    for (file, line, text), module in modules.items():
        if file == code.co_filename and "startswith" in text and _holds(module, code):
            break
    else:
        return None
    first, last, column, end = next(itertools.islice(code.co_positions(), at // 2, None))
    tree = ast.parse("\n" * (line - 1) + text)
    for node in ast.walk(tree):
        for listed, name, test in _filters(node, tree):
            if (listed.lineno, listed.end_lineno, listed.col_offset, listed.end_col_offset) == (
                first,
                last,
                column,
                end,
            ):
                return _beginning(test, name) if _is_list(listed) else None
    return None


def _holds(module, code):
    return any(
        const is code or (hasattr(const, "co_consts") and _holds(const, code)) for const in module.co_consts
    )


def _filters(node, tree):
    """What a statement or comprehension goes through, the name for each, and the test that most of it is subject to."""
    if isinstance(node, ast.For):
        body = node.body
        if len(body) == 1 and isinstance(body[0], ast.If) and not body[0].orelse and _is_own(node, tree):
            yield node.iter, node.target, body[0].test
    elif isinstance(node, _COMPREHENSIONS):
        for part in node.generators:
            if part.ifs and not part.is_async:
                yield part.iter, part.target, part.ifs[0]


def _is_own(loop, tree):
    """Whether nobody but the loop looks at its variable, which is that of the last name afterwards."""
    if not isinstance(loop.target, ast.Name):
        return False
    name = loop.target.id
    own = set(map(id, ast.walk(loop)))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Global, ast.Nonlocal)) and name in node.names:
            return False
        if isinstance(node, ast.Name):
            if node.id in ("locals", "vars", "eval", "exec") or (node.id == name and id(node) not in own):
                return False
    return True


def _is_list(node):
    """`d` or `d.keys()`: what takes the names from there may do something with them first."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr == "keys" and not (node.args or node.keywords)
    return isinstance(node, ast.Name)


def _beginning(test, name):
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        test = test.values[0]
    if not (isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute) and test.func.attr == "startswith"):
        return None
    if not (isinstance(name, ast.Name) and isinstance(test.func.value, ast.Name) and test.func.value.id == name.id):
        return None
    if len(test.args) != 1 or test.keywords or not isinstance(test.args[0], ast.Constant):
        return None
    value = test.args[0].value
    return value if isinstance(value, str) and value else None
