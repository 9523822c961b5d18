"""Filters of variables (`bb/filter.py`): expressions over `val` with a chosen set of functions."""


class Namespace:
    """A name with names in it, as an expression sees it."""


#: All that an expression can name; no built-ins but these.
FILTERS = {"__builtins__": {}}


def filter_proc(*, name=None):
    """Makes a function callable from expressions, under its own name or a dotted one."""

    def register(function):
        *path, last = (name or function.__name__).split(".")
        if not path:
            FILTERS[last] = function
            return function
        space = FILTERS.setdefault(path[0], Namespace())
        for part in path[1:]:
            if part not in vars(space):
                setattr(space, part, Namespace())
            space = getattr(space, part)
        setattr(space, last, function)
        return function

    return register


for _function in (all, any, bin, bool, chr, enumerate, float, format, hex, int, len, map, max, min, oct, ord, pow,
                  str, sum):
    filter_proc()(_function)


@filter_proc()
def suffix(val, suffix):
    return " ".join(word + suffix for word in val.split())


@filter_proc()
def prefix(val, prefix):
    return " ".join(prefix + word for word in val.split())


@filter_proc()
def sort(val):
    return " ".join(sorted(val.split()))


@filter_proc()
def remove(val, remove, sep=None):
    unwanted = remove.split(sep) if isinstance(remove, str) else remove
    return (sep or " ").join(word for word in val.split(sep) if word not in unwanted)


def apply_filters(val, expressions):
    for expression in expressions:
        if expression.strip():
            val = eval(expression.strip(), dict(FILTERS), {"val": val})
    return val
