"""The scenarios of test/data/fixtures as record.py reads them, and the surroundings that BitBake is asked in.

Knows nothing of BitBake's answers.
"""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(os.path.dirname(HERE), "data", "fixtures")
RELEASES = {
    "2.0": "kirkstone",
    "2.2": "langdale",
    "2.4": "mickledore",
    "2.6": "nanbield",
    "2.8": "scarthgap",
    "2.9": "styhead",
    "2.12": "walnascar",
    "2.16": "whinlatter",
    "2.18": "wrynose",
    "2.19": "master",
}
# When stamps of scenarios were made, in seconds since 1970.
STAMP_TIME = 1700000000

# What OE-Core's base class does, so that BitBake knows its signature handlers.
IMPORT_HANDLERS = """
HANDLERS := "${@__import__('sys').path.append('%s') or __import__('oe.sstatesig')}"
"""

ENVIRONMENT = {
    "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
    "LANG": "en_US.UTF-8",
    "HOME": "/home/fixture",
    "USER": "fixture",
    "LOGNAME": "fixture",
    "SHELL": "/bin/sh",
}


class Scenario:
    """One text of test/data/fixtures: prose with directives, then the files of a workspace.

    Cursor and range marks are taken out of the files, and @WORKSPACE@ stands for the place of
    the workspace. A file of a scenario hides the one of the base workspace with the same path.
    Directives are lines of the prose: `releases: wrynose master` (default: all),
    `env: NAME=value`, `place: /tmp/x` (the one place the workspace must be in), `link: PATH TARGET`,
    `graph: ARGUMENTS` (what to
    call `bitbake -g` with; may be repeated), `hashes: TARGETS` (what to call `bitbake -S none` with, likewise),
    `handlers: oe-core` (asked with OE-Core's signature handlers: SSTATE_LENS_OE_CORE is a checkout of the release),
    `side: NAME FILE LINE` (a state of the build directory with one more line in a file of it, likewise),
    `run: ARGUMENTS` (what to call `bitbake -n` with, likewise), `objects: NAMES` and `stamps: NAME=SECONDS ...`
    (empty files in the build directory's objects and tmp/stamps; stamps are that much later than STAMP_TIME).
    test/harness/fixture.ts reads the same format.
    """

    def __init__(self, name):
        self.name = name
        self.graphs = []
        self.hashes = []
        self.sides = []
        self.runs = []
        self.objects = []
        self.stamps = {}
        self.releases = None
        self.env = {}
        self.place = None
        self.handlers = None
        self.links = {}
        self.files = {}
        current = None
        with open(os.path.join(FIXTURES, name + ".txt"), encoding="utf-8", newline="") as text:
            for line in text:
                header = re.match(r"^-- (\S+) --$", line.rstrip("\n"))
                if header:
                    current = self.files.setdefault(header.group(1), [])
                elif current is not None:
                    current.append(line)
                else:
                    self.directive(line.strip())

    def directive(self, line):
        word, _, rest = line.partition(": ")
        if word == "releases":
            self.releases = rest.split()
        elif word == "env":
            key, _, value = rest.partition("=")
            self.env[key] = value
        elif word == "place":
            self.place = rest
        elif word == "link":
            path, target = rest.split()
            self.links[path] = target
        elif word == "handlers":
            self.handlers = os.environ.get("SSTATE_LENS_OE_CORE") or sys.exit(
                "%s: set SSTATE_LENS_OE_CORE to a checkout of OE-Core of this release" % self.name
            )
        elif word == "graph":
            self.graphs.append(rest)
        elif word == "hashes":
            self.hashes.append(rest)
        elif word == "side":
            self.sides.append((rest.split(" ", 2) + [""])[:3])
        elif word == "run":
            self.runs.append(rest)
        elif word == "objects":
            self.objects += rest.split()
        elif word == "stamps":
            self.stamps.update(entry.split("=") for entry in rest.split())

    def materialise(self, root):
        """Lays the base workspace, then the scenario's files, under root."""
        base = os.path.join(FIXTURES, "base")
        files = {}
        for folder, _, names in os.walk(base):
            for name in names:
                with open(os.path.join(folder, name), encoding="utf-8", newline="") as text:
                    files[os.path.relpath(os.path.join(folder, name), base)] = list(text)
        for path, lines in {**files, **self.files}.items():
            target = os.path.join(root, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "w", encoding="utf-8", newline="") as out:
                out.write(re.sub("[\u27e6\u27e7]", "", "".join(lines)).replace("@WORKSPACE@", root))
        for path, target in self.links.items():
            os.symlink(target, os.path.join(root, path))
        if self.handlers:
            with open(os.path.join(root, "build", "conf", "local.conf"), "a", encoding="utf-8") as out:
                out.write(IMPORT_HANDLERS % os.path.join(self.handlers, "meta", "lib"))
        empty = {os.path.join("objects", name): 0 for name in self.objects}
        empty.update({os.path.join("tmp", "stamps", name): int(seconds) for name, seconds in self.stamps.items()})
        for path, seconds in empty.items():
            target = os.path.join(root, "build", path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            open(target, "w").close()
            os.utime(target, (STAMP_TIME + seconds, STAMP_TIME + seconds))


class Unsteady(Exception):
    """A scenario whose answer differs from one place, or one run, to the next: it must be written anew."""


def all_scenarios():
    names = []
    for folder, _, files in os.walk(FIXTURES):
        area = os.path.relpath(folder, FIXTURES)
        if area != "." and area.split(os.sep)[0] != "base":
            names += [os.path.join(area, f[:-4]) for f in files if f.endswith(".txt")]
    return sorted(names)
