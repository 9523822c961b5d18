"""Functions on datastores (`bb/data.py`)."""

import bb
from bb.data_smart import DataSmart


def init():
    return DataSmart()


def init_db(parent=None):
    return parent.createCopy() if parent is not None else DataSmart()


def createCopy(source):
    return source.createCopy()


def initVar(var, d):
    d.initVar(var)


def keys(d):
    return d.keys()


def expand(s, d, varname=None):
    return d.expand(s, varname)


def expandKeys(alterdata, readdata=None):
    """Gives each variable with `${…}` in its name the name that this expands to."""
    readdata = readdata if readdata is not None else alterdata
    renamed = {}
    for key in alterdata:
        if "${" in key:
            expanded = readdata.expand(key)
            if expanded != key:
                renamed[key] = expanded
    for key in sorted(renamed):
        old = alterdata.getVar(renamed[key], False)
        value = alterdata.getVar(key, False)
        if old is not None and value is not None:
            bb.warn(
                "Variable key %s (%s) replaces original key %s (%s)." % (key, value, renamed[key], old)
            )
        alterdata.renameVar(key, renamed[key])


def update_data(d):
    """Overrides are always up to date."""


def inherits_class(klass, d):
    suffix = "/%s.bbclass" % klass
    return any(path.endswith(suffix) for path in d.getVar("__inherit_cache", False) or [])


def exported_keys(d):
    for key in d.keys():
        if key.startswith("__") or not bb.utils.to_boolean(d.getVarFlag(key, "export")):
            continue
        if not bb.utils.to_boolean(d.getVarFlag(key, "unexport")):
            yield key


def exported_vars(d):
    for key in list(exported_keys(d)):
        value = d.getVar(key)
        if value is not None:
            yield key, str(value)
