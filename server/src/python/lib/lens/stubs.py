"""
Modules that CPython in WebAssembly lacks and that BitBake or OE-Core import at the top of their files: only the names
that are looked up then. Using one says why it does not work, but for `pipes`, of which the one function that is used has
another name since Python 3.3 and the rest went with Python 3.13.
"""

import shlex
import sys
import types


def _missing(what):
    def refuse(*args, **kwargs):
        raise OSError("%s is not available while parsing in the sandbox" % what)

    return refuse


def _resource():
    module = types.ModuleType("resource")
    for name, value in {"RUSAGE_SELF": 0, "RUSAGE_CHILDREN": -1, "RLIMIT_NOFILE": 7, "RLIMIT_NPROC": 6}.items():
        setattr(module, name, value)
    usage = types.SimpleNamespace(
        ru_utime=0.0, ru_stime=0.0, ru_maxrss=0, ru_minflt=0, ru_majflt=0, ru_inblock=0, ru_oublock=0
    )
    module.getrusage = lambda who: usage
    module.getrlimit = lambda which: (1024, 1024)
    module.setrlimit = lambda which, limits: None
    module.error = OSError
    return module


def _ctypes():
    module = types.ModuleType("ctypes")

    class Loader:
        LoadLibrary = staticmethod(_missing("a native library"))

        def __getattr__(self, name):
            raise OSError("native libraries are not available while parsing in the sandbox")

    class Structure:
        pass

    module.cdll = Loader()
    module.CDLL = module.PyDLL = _missing("a native library")
    module.Structure = Structure
    for name in ("c_int", "c_uint", "c_long", "c_ulong", "c_char_p", "c_void_p", "c_size_t", "c_uint32"):
        setattr(module, name, type(name, (), {}))
    module.get_errno = lambda: 0
    util = types.ModuleType("ctypes.util")
    util.find_library = lambda name: None
    module.util = util
    sys.modules["ctypes.util"] = util
    return module


def _pipes():
    module = types.ModuleType("pipes")
    module.quote = shlex.quote
    return module


def install():
    sys.modules["resource"] = _resource()
    sys.modules["ctypes"] = _ctypes()
    sys.modules["pipes"] = _pipes()
    # The Python half of a bridge to JavaScript, of which the other half is not here.
    sys.modules["pyodide"] = sys.modules["_pyodide"] = None
