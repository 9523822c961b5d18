"""The first of our modules to run: sets the interpreter up and gives `__main__` the doors."""

import json
import os
import sys


def start(settings):
    """@param settings: JSON, see `sandbox.ts`"""
    import __main__

    settings = json.loads(settings)
    os.environ.clear()
    os.environ.update(settings["environment"])
    sys.argv = ["bitbake"]
    sys.dont_write_bytecode = True
    from . import host, missing, stubs, workspace

    stubs.install()
    host.install(settings["host"], settings["process"])
    workspace.start(settings["library"], settings["traits"])
    missing.install()
    from . import door

    for name, entry in door.ENTRIES.items():
        setattr(__main__, name, entry)
