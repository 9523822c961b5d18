"""
Asks the real BitBake what differs between signature data: what the tests compare with.

    python3 oracle.py CHECKOUT < pairs.json

CHECKOUT is an OE-Core checkout with bitbake/ inside. The input is a JSON list of {files: {name: hash or task -> data},
before, after}: data as BitBake writes it, by the names that the two to compare and their dependencies have. The output
is a JSON list of {compare: lines, dump: lines, or null where BitBake fails}. Sets are shown sorted.
"""

import json
import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(sys.argv[1], "bitbake", "lib"))

import bb
import bb.compress.zstd
import bb.siggen


class SortedSet(frozenset):
    def __repr__(self):
        return "{%s}" % ", ".join(repr(item) for item in sorted(self)) if self else "set()"

    def symmetric_difference(self, other):
        return SortedSet(frozenset.symmetric_difference(self, other))


bb.siggen.SetDecoder = lambda dct: SortedSet(dct["_set_object"]) if "_set_object" in dct else dct


def lines(output):
    return [line for text in output for line in text.split("\n")]


def answer(question, folder):
    paths = {}
    for name, data in question["files"].items():
        paths[name] = os.path.join(folder, "%d.sigdata" % len(paths))
        with bb.compress.zstd.open(paths[name], "wt", encoding="utf-8", num_threads=1) as out:
            json.dump(data, out)

    def recurse(key, before, after):
        if before not in paths or after not in paths:
            return ["Unable to find matching sigdata for %s with hashes %s or %s" % (key, before, after)]
        found = bb.siggen.compare_sigfiles(paths[before], paths[after], recurse)
        return ["    " + line for text in found for line in text.splitlines()]

    before, after = paths[question["before"]], paths[question["after"]]
    return {
        "compare": lines(bb.siggen.compare_sigfiles(before, after, recurse)),
        "dump": dump(before),
    }


def dump(path):
    try:
        return lines(bb.siggen.dump_sigfile(path))
    except KeyError:  # older releases cannot show sigbasedata
        return None


with tempfile.TemporaryDirectory() as scratch:
    answers = []
    for number, question in enumerate(json.load(sys.stdin)):
        folder = os.path.join(scratch, str(number))
        os.mkdir(folder)
        answers.append(answer(question, folder))
    json.dump(answers, sys.stdout)
