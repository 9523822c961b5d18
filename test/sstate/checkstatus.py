#!/usr/bin/env python3
"""What real BitBake's fetcher finds: `checkstatus.py BITBAKE_DIR`, questions on stdin, answers on stdout, both JSON.

A question is the variables of a configuration and the names of objects; the answer is for each whether BitBake finds
it on a mirror, as OE-Core's `sstate_checkhashes` asks for it, or the exception that it reports.
"""

import json
import logging
import sys
import warnings


def answer(question):
    import bb.data
    import bb.fetch2

    d = bb.data.init()
    for name, value in question["values"].items():
        d.setVar(name, value)
    store = d.getVar("SSTATE_DIR")
    d.setVar("FILESPATH", store)
    d.setVar("DL_DIR", store)
    d.setVar("PREMIRRORS", d.getVar("SSTATE_MIRRORS"))
    found = []
    connections = bb.fetch2.FetchConnectionCache()
    with bb.utils.environment(**bb.fetch2.get_fetcher_environment(d)):
        for name in question["names"]:
            try:
                bb.fetch2.Fetch(["file://" + name], d, cache=False, connection_cache=connections).checkstatus()
                found.append(True)
            except bb.fetch2.FetchError:
                found.append(False)
            except Exception as error:
                found.append(type(error).__name__)
    connections.close_connections()
    return found


def main():
    sys.path.insert(0, sys.argv[1] + "/lib")
    sys.dont_write_bytecode = True
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    import bb

    bb.warn = lambda *args: None
    json.dump([answer(question) for question in json.load(sys.stdin)], sys.stdout)


main()
