#!/usr/bin/env python3
"""Asks real BitBake for every task's hashes in one state of a build directory; run by hand.

    record_tasks.py --bitbake DIR --build-dir DIR --out FILE TARGET...

It drives BitBake's own cooker in this process: parse (with the cache of the build
directory), the run queue of the targets, and then, instead of executing it, one line for
each task: PN, task, basehash, taskhash, SSTATE_PKGARCH (empty: no sstate class). Multiconfigs go before the PN (`mc:NAME:PN`).
FILE.base gets the basehashes of all tasks of all recipes in the same form, with the file
of the recipe (relative to --root) in place of the taskhash. What is written are BitBake's answers.
"""

import argparse
import logging
import os
import sys


def parsed_cooker(build_dir):
    """A cooker that has read all recipes of the build directory."""
    os.chdir(build_dir)
    import bb
    import bb.cooker
    import bb.cookerdata
    import bb.server.process

    env = os.environ.copy()
    bb.utils.clean_environment()
    cooker = bb.cooker.BBCooker()
    cooker.idleCallBackRegister = lambda *args: None
    cooker.configuration.env = env
    cooker.configuration.cmd = "build"
    if not cooker.configuration.profile:
        cooker.configuration.profile = []  # as the command line would have it
    cooker.initConfigurationData()
    cooker.handlePRServ()
    cooker.baseconfig_valid = True
    while cooker.updateCache():
        pass
    return cooker


def run_queue(cooker, targets):
    """The prepared run queue of the targets: which tasks there are, with their hashes."""
    import bb.runqueue

    cooker.buildSetVars()
    taskdata, runlist = cooker.buildTaskData(targets, "do_build", cooker.configuration.halt)
    queue = bb.runqueue.RunQueue(cooker, cooker.data, cooker.recipecaches, taskdata, runlist)
    if queue.rqdata.prepare() == 0:
        sys.exit("nothing to do")
    return queue.rqdata


def name(mc, pn):
    return "mc:%s:%s" % (mc, pn) if mc else pn


def shared_architecture(hash_filename):
    """As sstatesig.py: dump_lockedsigs reads it off BB_HASHFILENAME."""
    words = (hash_filename or "").split(" ")
    parts = words[1].split(":") if len(words) > 1 else []
    return parts[5] if len(parts) > 5 else ""


def write(path, rows):
    with open(path + ".part", "w", encoding="utf-8") as out:
        for row in sorted(rows):
            out.write("\t".join(row) + "\n")
    os.rename(path + ".part", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="+")
    parser.add_argument("--bitbake", required=True)
    parser.add_argument("--build-dir", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--root", required=True, help="files of recipes are written relative to it")
    args = parser.parse_args()
    sys.path.insert(0, os.path.join(os.path.abspath(args.bitbake), "lib"))
    out = os.path.abspath(args.out)
    root = os.path.abspath(args.root)
    logging.getLogger("BitBake").addHandler(logging.StreamHandler(sys.stderr))
    logging.getLogger("BitBake").setLevel(logging.WARNING)

    cooker = parsed_cooker(os.path.abspath(args.build_dir))
    import bb.runqueue

    base = []
    for mc, cache in cooker.recipecaches.items():
        for tid, basehash in cache.basetaskhash.items():
            _, fn, task, mcfn = bb.runqueue.split_tid_mcfn(tid)
            if mcfn in cache.pkg_fn:
                base.append((mcfn.replace(root + "/", ""), name(mc, cache.pkg_fn[mcfn]), task, basehash))
    rqdata = run_queue(cooker, args.targets)
    rows = []
    for tid, entry in rqdata.runtaskentries.items():
        mc, _, task, mcfn = bb.runqueue.split_tid_mcfn(tid)
        cache = rqdata.dataCaches[mc]
        arch = shared_architecture(cache.hashfn[mcfn])
        rows.append((name(mc, cache.pkg_fn[mcfn]), task, bb.parse.siggen.basehash[tid], entry.hash, arch))
    write(out + ".base", base)
    write(out, rows)
    sys.stderr.write("%d basehashes, %d taskhashes\n" % (len(base), len(rows)))
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
