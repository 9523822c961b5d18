"""
`d` as metadata sees it: the methods of `bb/data_smart.py: DataSmart`, each a call to TypeScript, where the
data is. An instance is a handle: a number and nothing else. Code tells datastores apart by `id(d)` (BitBake's fetcher
does), so that each has one instance for as long as it is there.
"""

import sys
import weakref
from collections.abc import Mapping, MutableMapping

from . import listing, port

_call = port.call
_request = port.request
_frame = sys._getframe

#: Where the code lies that changes variables on behalf of a layer.
not_layers = ("/.lens/",)


def _origin(loginfo):
    """`op`, file and line of a change: as given, else where the code of a layer makes it."""
    if loginfo:
        return loginfo.get("op"), loginfo.get("file"), loginfo.get("line")
    frame = _frame(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if file[:1] == "/" and not file.startswith(not_layers):
            return None, file, frame.f_lineno
        frame = frame.f_back
    return None, None, None


class Expansion:
    """What `expandWithRefs` returns (`bb/data_smart.py: VariableParse`)."""

    def __init__(self, varname, d, unexpanded, fields):
        self.varname = varname
        self.d = d
        self.unexpanded_value = unexpanded
        self.value = fields["value"]
        self.references = set(fields.get("references") or ())
        self.execs = set(fields.get("execs") or ())
        self.contains = {name: set(items) for name, items in fields.get("contains") or ()}
        removes = fields.get("removes")
        if removes is not None:
            self.removes = set(removes)


class History:
    """`d.varhistory`: who set what (`bb/data_smart.py: VariableHistory`)."""

    def __init__(self, d):
        self.dataroot = d

    def variable(self, var):
        events = []
        for op, file, line, detail, flag in _call("variableHistory", self.dataroot.number, var):
            event = {"variable": var, "op": op, "file": file, "line": line, "detail": detail}
            if flag is not None:
                event["flag"] = flag
            events.append(event)
        return events

    def get_variable_files(self, var):
        return [event["file"] for event in self.variable(var)]

    def get_variable_lines(self, var, f):
        return [event["line"] for event in self.variable(var) if event["file"] == f]

    def get_variable_refs(self, var):
        refs = {}
        for event in self.variable(var):
            refs.setdefault(event["file"], []).append(event["line"])
        return refs

    def get_variable_items_files(self, var, d=None):
        """Which file added each item of a list; older releases pass `d`."""
        d = d if d is not None else self.dataroot
        final = (d.getVar(var) or "").split()
        files = {}
        assigned = False
        for event in self.variable(var):
            if "flag" in event or event["op"] == ":remove":
                continue
            if assigned and event["op"] == "set?":
                continue
            assigned = True
            for item in d.expand(str(event["detail"])).split():
                if item in final and item not in files:
                    files[item] = event["file"]
        return files

    def record(self, *args, **loginfo):
        """Changes are recorded where the data is."""

    def del_var_history(self, var, f=None, line=None):
        _call("deleteHistory", self.dataroot.number, var, f, line)

    def emit(self, var, oval, val, o, d):
        o.write('#\n# $%s\n#   "%s"\n' % (var, oval))


class IncludeHistory:
    """`d.inchistory`: kept where the files are read; here only what metadata may enter and leave."""

    def include(self, filename):
        return self

    def __enter__(self):
        return None

    def __exit__(self, *exception):
        return False

    def emit(self, o, level=0):
        return None


class Forms(Mapping):
    """`d.overridedata`: variables and their forms with overrides, which cannot be changed here."""

    __slots__ = ("number",)

    def __init__(self, number):
        self.number = number

    def __getitem__(self, var):
        forms = _call("overridedata", self.number, var)
        if forms is None:
            raise KeyError(var)
        return forms

    def __iter__(self):
        return iter(_call("overridedata", self.number))

    def __len__(self):
        return len(_call("overridedata", self.number))


class Datastore(MutableMapping):
    __slots__ = ("number", "__weakref__")

    def __init__(self, number=None):
        if number is None:
            number = _call("create", 0)
            _instances[number] = self
        self.number = number

    # Reading

    def getVar(self, var, expand=True, noweakdefault=False, parsing=False):
        if type(var) is not str:
            if not isinstance(var, str):
                return None
            var = str(var)
        flags = (1 if expand else 0) + (2 if noweakdefault else 0) + (4 if parsing else 0)
        return _request(f"G{self.number}\n{flags}\n{var}".encode())

    def getVarFlag(self, var, flag, expand=True, noweakdefault=False, parsing=False, retparser=False):
        if not flag:
            import bb

            bb.warn("Calling getVarFlag with flag unset is invalid")
            return None
        if type(var) is str and type(flag) is str and "\n" not in var and "\n" not in flag:
            flags = (1 if expand else 0) + (2 if noweakdefault else 0) + (4 if parsing else 0)
            value = _request(f"F{self.number}\n{flags}\n{var}\n{flag}".encode())
        else:
            value = _call(
                "getVarFlag", self.number, var, flag, bool(expand), bool(noweakdefault), bool(parsing)
            )
        if not retparser:
            return value
        name = var if flag == "_content" else "%s[%s]" % (var, flag)
        parser = self.expandWithRefs(self.getVarFlag(var, flag, False, noweakdefault, parsing), name)
        return value, parser

    def getVarFlags(self, var, expand=False, internalflags=False):
        wanted = [flag for flag in expand] if expand else []
        return _call("getVarFlags", self.number, var, wanted, bool(internalflags))

    def expand(self, s, varname=None):
        if not isinstance(s, str):
            return s
        return _call("expand", self.number, s, varname)

    def expandWithRefs(self, s, varname):
        if not isinstance(s, str):
            return Expansion(varname, self, s, {"value": s})
        return Expansion(varname, self, s, _call("expandWithRefs", self.number, s, varname))

    def hasOverrides(self, var):
        return _call("hasOverrides", self.number, var)

    def need_overrides(self):
        _call("need_overrides", self.number)

    @property
    def overrides(self):
        return _call("overrides", self.number)

    @property
    def overridesset(self):
        return set(self.overrides or ())

    @property
    def overridedata(self):
        return Forms(self.number)

    @property
    def varhistory(self):
        return History(self)

    @property
    def inchistory(self):
        return IncludeHistory()

    @property
    def _tracking(self):
        return bool(_call("tracking", self.number))

    def keys(self):
        return _call("keys", self.number, listing.beginning(_frame(1)))

    def localkeys(self):
        return iter(_call("localkeys", self.number))

    def get_hash(self):
        return _call("get_hash", self.number)

    # Changing

    def setVar(self, var, value, **loginfo):
        _call("setVar", self.number, var, value, *_origin(loginfo), bool(loginfo.get("parsing")))

    def setVarFlag(self, var, flag, value, **loginfo):
        _call("setVarFlag", self.number, var, flag, value, *_origin(loginfo))

    def setVarFlags(self, var, flags, **loginfo):
        pairs = [[flag, value] for flag, value in flags.items()]
        _call("setVarFlags", self.number, var, pairs, *_origin(loginfo))

    def appendVar(self, var, value, **loginfo):
        _call("appendVar", self.number, var, value, *_origin(loginfo))

    def prependVar(self, var, value, **loginfo):
        _call("prependVar", self.number, var, value, *_origin(loginfo))

    def appendVarFlag(self, var, flag, value, **loginfo):
        _call("appendVarFlag", self.number, var, flag, value, *_origin(loginfo))

    def prependVarFlag(self, var, flag, value, **loginfo):
        _call("prependVarFlag", self.number, var, flag, value, *_origin(loginfo))

    def delVar(self, var, **loginfo):
        _call("delVar", self.number, var, *_origin(loginfo))

    def delVarFlag(self, var, flag, **loginfo):
        _call("delVarFlag", self.number, var, flag, *_origin(loginfo))

    def delVarFlags(self, var, **loginfo):
        _call("delVarFlags", self.number, var, *_origin(loginfo))

    def renameVar(self, key, newkey, **loginfo):
        _call("renameVar", self.number, key, newkey, *_origin(loginfo))

    def initVar(self, var):
        _call("initVar", self.number, var)

    def expandVarref(self, variable, parents=False):
        _call("expandVarref", self.number, variable, bool(parents))

    def setVarFilter(self, var, filter):
        _call("setVarFilter", self.number, var, filter or None)

    def enableTracking(self):
        _call("enableTracking", self.number)

    def disableTracking(self):
        _call("disableTracking", self.number)

    # Copies, and the datastore as a mapping

    def createCopy(self):
        copy = type(self)(_call("createCopy", self.number))
        _instances[copy.number] = copy
        return copy

    def __copy__(self):
        return type(self)(self.number)

    def __deepcopy__(self, memo):
        return self.createCopy()

    def __iter__(self):
        return iter(_call("keys", self.number, listing.beginning(_frame(1))))

    def __len__(self):
        return len(_call("keys", self.number))

    def __contains__(self, var):
        return self.getVar(var, False) is not None

    def __getitem__(self, var):
        value = self.getVar(var, False)
        if value is None:
            raise KeyError(var)
        return value

    def __setitem__(self, var, value):
        self.setVar(var, value)

    def __delitem__(self, var):
        self.delVar(var)

    def __eq__(self, other):
        return isinstance(other, Datastore) and other.number == self.number

    def __hash__(self):
        return hash(("Datastore", self.number))

    def __repr__(self):
        return "<datastore %d>" % self.number


#: What it stands in for, to those who ask for the name of its type.
Datastore.__name__ = Datastore.__qualname__ = "DataSmart"
Datastore.__module__ = "bb.data_smart"


#: Number -> the instance; that of a copy made in Python goes with the last reference to it, as in BitBake.
_instances = weakref.WeakValueDictionary()
#: Those that TypeScript made, which are there until the recipe ends and Python is put back.
_held = []


def of(number):
    """The datastore of a number that TypeScript tells."""
    d = _instances.get(number)
    if d is None:
        d = _instances[number] = Datastore(number)
        _held.append(d)
    return d
