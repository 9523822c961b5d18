"""Functions on words, versions, dependencies and files (`bb/utils.py`)."""

import contextlib
import fnmatch
import glob
import hashlib
import os
import re
import shutil
import time

import bb
from bb.filter import filter_proc

#: What metadata's code sees as its global names.
_context = {"os": os, "time": time, "bb": bb}


def get_context():
    return _context


def set_context(ctx):
    """Without effect, as in BitBake."""


class VersionStringException(Exception):
    """A version that cannot be read, or an unknown comparison."""


# Words


def _words(values):
    return set(values.split()) if isinstance(values, str) else set(values)


def contains(variable, checkvalues, truevalue, falsevalue, d):
    value = d.getVar(variable)
    if not value:
        return falsevalue
    return truevalue if _words(checkvalues) <= set(value.split()) else falsevalue


def contains_any(variable, checkvalues, truevalue, falsevalue, d):
    value = d.getVar(variable)
    if not value:
        return falsevalue
    return truevalue if _words(checkvalues) & set(value.split()) else falsevalue


def filter_string(val, checkvalues):
    if not val:
        return ""
    return " ".join(sorted(_words(checkvalues) & set(val.split())))


def filter(variable, checkvalues, d):
    return filter_string(d.getVar(variable), checkvalues)


def to_boolean(string, default=None):
    if not string:
        return default
    if isinstance(string, int):
        return True
    word = string.lower()
    if word in ("y", "yes", "1", "true"):
        return True
    if word in ("n", "no", "0", "false"):
        return False
    raise ValueError("Invalid value for to_boolean: %s" % string)


def prune_suffix(var, suffixes, d):
    for suffix in suffixes:
        if suffix and var.endswith(suffix):
            return var[: -len(suffix)]
    return var


def to_filemode(input):
    return input if type(input) is int else int(input, 8)


# Versions


def explode_version(s):
    """Runs of digits, runs of letters and single signs, each with the rank that it is compared by first."""
    parts = []
    for digits, letters, sign in re.findall(r"(\d+)|([a-zA-Z]+)|(.)", s, re.DOTALL):
        if digits:
            parts.append((0, int(digits)))
        elif letters:
            parts.append((1, letters))
        else:
            parts.append((-1 if sign == "~" else 2, sign))
    return parts


def split_version(s):
    """(epoch, version, revision) of `epoch:version-revision`."""
    s = s.strip(" <>=")
    epoch = 0
    if ":" in s:
        first, s = s.split(":")[:2]
        epoch = int(first)
    version, _, revision = s.rpartition("-")
    return (epoch, version, revision) if "-" in s else (epoch, s, "")


def vercmp_part(a, b):
    left, right = explode_version(a), explode_version(b)
    for index in range(max(len(left), len(right))):
        (rank_a, part_a) = left[index] if index < len(left) else (0, None)
        (rank_b, part_b) = right[index] if index < len(right) else (0, None)
        if rank_a != rank_b:
            return -1 if rank_a < rank_b else 1
        if part_a != part_b:
            if part_a is None:
                return -1
            if part_b is None:
                return 1
            return -1 if part_a < part_b else 1
    return 0


def vercmp(ta, tb):
    difference = int(ta[0] or 0) - int(tb[0] or 0)
    return difference or vercmp_part(ta[1], tb[1]) or vercmp_part(ta[2], tb[2])


def vercmp_string(a, b):
    return vercmp(split_version(a), split_version(b))


def vercmp_string_op(a, b, op):
    result = vercmp_string(a, b)
    if op in ("=", "=="):
        return result == 0
    if op == "<=":
        return result <= 0
    if op == ">=":
        return result >= 0
    if op in (">", ">>"):
        return result > 0
    if op in ("<", "<<"):
        return result < 0
    if op == "!=":
        return result != 0
    raise VersionStringException('Unsupported comparison operator "%s"' % op)


_SEMVER_PART = r"(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-%s(\.%s)*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$"
    % (_SEMVER_PART, _SEMVER_PART)
)


def is_semver(version):
    return _SEMVER.match(version) is not None


# Dependencies


@filter_proc(name="bb.utils.explode_deps")
def explode_deps(s):
    """The names in an RDEPENDS, without the versions in parentheses."""
    names = []
    skipping = False
    for word in s.split():
        skipping = skipping or word.startswith("(")
        if not skipping:
            names.append(word)
        elif word.endswith(")"):
            skipping = False
    return names


_COMPARISON = re.compile(r"<=|=<|<<|==|!=|>=|=>|>>|<|>|=")


def explode_dep_versions2(s, *, sort=True):
    """Name -> list of `comparison version` of an RDEPENDS."""
    found = {}
    name = comparison = None
    version = ""
    #: 'name' outside parentheses, 'comparison' right after one opens, 'version' behind the comparison
    expected = "name"
    for word in s.replace(",", "").split():
        if word.startswith("("):
            expected = "comparison"
            word = word[1:].strip()
            if not word:
                continue
        if expected == "comparison":
            match = _COMPARISON.match(word)
            if match is None:
                raise VersionStringException(
                    'Invalid version specification in "(%s" - invalid or missing operator' % word
                )
            comparison = match.group()
            expected = "version"
            word = word[match.end() :]
            if not word:
                continue
        if expected == "version":
            closed = word.endswith(")")
            if closed:
                word = word[:-1]
                expected = "name"
                if version and word:
                    version += " "
            if word:
                version += word
                found.setdefault(name, []).append("%s %s" % (comparison, version))
            continue
        name, comparison, version = word, "", ""
        if not found.get(name):
            found[name] = []
    return dict(sorted(found.items())) if sort else found


def explode_dep_versions(s):
    found = explode_dep_versions2(s)
    for name, versions in found.items():
        if len(versions) > 1:
            bb.warn(
                "explode_dep_versions(): Item %s appeared in dependency string '%s' multiple times with "
                "different values.  explode_dep_versions cannot cope with this." % (name, s)
            )
        found[name] = versions[0] if versions else None
    return found


def join_deps(deps, commasep=True):
    joined = []
    for name, versions in deps.items():
        if not versions:
            joined.append(name)
            continue
        for version in versions if isinstance(versions, list) else [versions]:
            joined.append("%s (%s)" % (name, version))
    return (", " if commasep else " ").join(joined)


# Code


def better_compile(text, file, realfile, mode="exec", lineno=0):
    return compile("\n" * int(lineno) + text, realfile, mode)


def better_exec(code, context, text=None, realfile="<code>", pythonexception=False):
    if not hasattr(code, "co_filename"):
        code = better_compile(code, realfile, realfile)
    exec(code, get_context(), context)


def simple_exec(code, context):
    exec(code, get_context(), context)


def better_eval(source, locals, extraglobals=None):
    return eval(source, {**get_context(), **(extraglobals or {})}, locals)


def exec_flat_python_func(func, *args, **kwargs):
    names = {"__call": lambda function: function(*args, **kwargs)}
    return better_eval("__call(%s)" % func, {}, names)


def get_referenced_vars(start_expr, d):
    """The variables that an expression refers to, directly and through others, nearest first."""
    found = []
    nothing = bb.data.init()
    seen = nothing.expandWithRefs(start_expr, None).references
    queue = list(seen)
    while queue:
        name = queue.pop(0)
        found.append(name)
        new = nothing.expandWithRefs(d.getVar(name, False), None).references - seen
        queue.extend(new)
        seen |= new
    return found


# Files


def which(path, item, direction=0, history=False, executable=False):
    tried = []
    directories = (path or "").split(":")
    found = ""
    for directory in reversed(directories) if direction else directories:
        candidate = os.path.join(directory, item)
        tried.append(candidate)
        if executable:
            good = os.path.isfile(candidate) and os.access(candidate, os.X_OK)
        else:
            good = os.path.exists(candidate)
        if good:
            found = os.path.abspath(candidate) if not os.path.isabs(candidate) else candidate
            break
    return (found, tried) if history else found


def mkdirhier(directory):
    if "${" in str(directory):
        bb.fatal(
            "Directory name %s contains unexpanded bitbake variable. This may cause build failures and "
            "WORKDIR polution." % directory
        )
    os.makedirs(directory, exist_ok=True)


def remove(path, recurse=False, ionice=False):
    for name in glob.glob(path) if path else []:
        if recurse and os.path.isdir(name) and not os.path.islink(name):
            shutil.rmtree(name)
        else:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)


def prunedir(topdir, ionice=False):
    remove(topdir, recurse=True)


def movefile(src, dest, newmtime=None, sstat=None):
    os.rename(src, dest)
    return os.lstat(dest).st_mtime


def copyfile(src, dest, newmtime=None, sstat=None):
    shutil.copyfile(src, dest)
    return os.lstat(dest)


def rename(src, dst):
    os.rename(src, dst)


def _file_hash(method, filename):
    with open(filename, "rb") as file:
        return hashlib.file_digest(file, method).hexdigest()


def md5_file(filename):
    return _file_hash("md5", filename)


def sha1_file(filename):
    return _file_hash("sha1", filename)


def sha256_file(filename):
    return _file_hash("sha256", filename)


def sha384_file(filename):
    return _file_hash("sha384", filename)


def sha512_file(filename):
    return _file_hash("sha512", filename)


def path_is_descendant(descendant, ancestor):
    descendant, ancestor = os.path.realpath(descendant), os.path.realpath(ancestor)
    return descendant == ancestor or descendant.startswith(ancestor.rstrip("/") + "/")


def get_collection_res(d):
    collections = (d.getVar("BBFILE_COLLECTIONS") or "").split()
    return {name: d.getVar("BBFILE_PATTERN_%s" % name) or "" for name in collections}


def get_file_layer(filename, d, collection_res={}):
    """The collection whose BBFILES (else whose pattern) the recipe matches, the longest match winning."""
    patterns = collection_res or get_collection_res(d)

    def layer_of(path):
        best = None
        length = 0
        for name, pattern in patterns.items():
            match = re.match(pattern, path) if pattern else None
            if match and len(match.group()) > length:
                best, length = name, len(match.group())
        return best

    for entry in (d.getVar("BBFILES") or "").split():
        if fnmatch.fnmatchcase(filename, entry):
            return layer_of(entry)
    return layer_of(filename)


# There is nobody to lock out.


def lockfile(name, shared=False, retry=True, block=False):
    return name


def unlockfile(lf):
    return None


@contextlib.contextmanager
def fileslocked(files, *args, **kwargs):
    yield


# The host


def cpu_count():
    return os.cpu_count()


@contextlib.contextmanager
def umask(new_mask):
    old = os.umask(new_mask)
    try:
        yield
    finally:
        os.umask(old)


@contextlib.contextmanager
def environment(**envvars):
    before = {name: os.environ.get(name) for name in envvars}
    os.environ.update(envvars)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def export_proxies(d):
    """Nothing here reaches the network, with or without proxies."""


def preserved_envvars_exported():
    return ["BB_TASKHASH", "HOME", "LOGNAME", "PATH", "PWD", "SHELL", "USER", "LC_ALL", "BBSERVER"]
