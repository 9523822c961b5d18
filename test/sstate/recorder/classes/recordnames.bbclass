# Has BitBake write down which file its own check looks for, for each task: `names.json` in the build directory. For
# the tests of object names by hand: add the directory above to BBPATH and `INHERIT += "recordnames"`, then run
# `bitbake -n TARGET`. With RECORDNAMES_STOP, BitBake is stopped once that is done.

BB_HASHCHECK_FUNCTION:forcevariable = "recordnames_check"
RECORDNAMES_FILE ?= "${TOPDIR}/names.json"

def recordnames_check(sq_data, d, siginfo=False, currentcount=0, summary=True, **kwargs):
    import json
    import os
    import time

    directory = d.getVar("SSTATE_DIR") + "/"
    looked = []
    exists = os.path.exists

    def noting(path):
        if path.startswith(directory):
            looked.append(path[len(directory):])
        return exists(path)

    os.path.exists = noting
    started = time.time()
    try:
        found = sstate_checkhashes(sq_data, d, siginfo=siginfo, currentcount=currentcount, summary=summary, **kwargs)
    finally:
        os.path.exists = exists
    seconds = time.time() - started
    tasks = list(sq_data["hash"])
    rows = [
        [tid, sq_data["hashfn"][tid], sq_data["hash"][tid], sq_data["unihash"][tid], name]
        for tid, name in zip(tasks, looked)
    ]
    path = d.getVar("RECORDNAMES_FILE")
    # Later checks of the same run are of fewer tasks.
    if exists(path):
        with open(path) as file:
            if len(json.load(file)["rows"]) >= len(rows):
                return found
    with open(path, "w") as file:
        json.dump({"siginfo": siginfo, "seconds": seconds, "found": len(found), "rows": rows}, file)
    if d.getVar("RECORDNAMES_STOP"):
        bb.fatal("%s is written" % path)
    return found
