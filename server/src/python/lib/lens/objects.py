"""
The files that a workspace's own check for sstate objects looks for (BB_HASHCHECK_FUNCTION, OE-Core's
`sstate_checkhashes`): the function runs as it is, and what it asks of the file system is noted and denied.

BitBake hands it all tasks at once (`bb/runqueue.py: validate_hashes`); here it gets one at a time, so that what it
looks for is that task's. It never gets to mirrors: SSTATE_MIRRORS is empty for it.
"""

import os
import sys
import types


def _tid_parts(tid):
    """Multiconfig, recipe file and task of `[mc:NAME:]FILE:TASK` (`bb/runqueue.py: split_tid`)."""
    mc = ""
    if tid.startswith("mc:") and tid.count(":") >= 2:
        _, mc, tid = tid.split(":", 2)
    fn, task = tid.rsplit(":", 1)
    return mc, fn, task


def _runqueue():
    """What the check asks of `bb.runqueue`, which cannot be imported here: it starts processes."""
    module = types.ModuleType("bb.runqueue")
    module.split_tid = _tid_parts
    module.mc_from_tid = lambda tid: _tid_parts(tid)[0]
    module.fn_from_tid = lambda tid: _tid_parts(tid)[1]
    module.taskname_from_tid = lambda tid: _tid_parts(tid)[2]
    return module


def _look_for(check, task, siginfo, d, looked):
    tid, hashfn, taskhash, unihash = task
    looked.clear()
    data = {"hash": {tid: taskhash}, "hashfn": {tid: hashfn}, "unihash": {tid: unihash}}
    try:
        check(data, d, siginfo=siginfo, currentcount=0, summary=False)
    except Exception as error:
        return {"unknown": "it fails: %s" % error}
    except SystemExit:
        return {"unknown": "it ends BitBake"}
    found = list(dict.fromkeys(looked))
    if len(found) != 1:
        return {"unknown": "it looks for %d files where one was expected" % len(found)}
    return {"path": found[0]}


def answer(question, d, context):
    """@param question: [function, whether signature data is looked for, [[tid, BB_HASHFILENAME, taskhash, unihash], …]]"""
    import bb

    function, siginfo, tasks = question
    try:
        check = eval(function, context)
    except Exception as error:
        return [{"unknown": "there is no such function: %s" % error}] * len(tasks)
    copy = d.createCopy()
    copy.setVar("SSTATE_MIRRORS", "")
    looked = []

    def absent(path, *others, **more):
        looked.append(os.fspath(path))
        return False

    asked = {name: getattr(os.path, name) for name in ("exists", "lexists", "isfile", "isdir")}
    runqueue = getattr(bb, "runqueue", None)
    bb.runqueue = sys.modules["bb.runqueue"] = _runqueue()
    for name in asked:
        setattr(os.path, name, absent)
    try:
        return [_look_for(check, task, siginfo, copy, looked) for task in tasks]
    finally:
        for name, function in asked.items():
            setattr(os.path, name, function)
        bb.runqueue = sys.modules["bb.runqueue"] = runqueue
