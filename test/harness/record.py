#!/usr/bin/env python3
"""Asks real BitBake for basehashes; run by hand, never by the tests.

Two uses, both with SSTATE_LENS_BITBAKE pointing at a BitBake checkout (the
directory that holds lib/bb), or with --bitbake DIR:

    record.py [NAME...]           record the scenarios of test/data/fixtures
                                  into their .expected.json, one release (that
                                  of the checkout) at a time
    record.py --build-dir DIR --recipe zlib --dump out.json
                                  dump what BitBake knows of one recipe of a
                                  real build directory, for debugging
    record.py --build-dir DIR --dump-config out.json
                                  dump the configuration datastore

It drives BitBake's own cooker and data builder in this process, without its
server, cache or task execution. Nothing here is read by the engine: what it
writes are BitBake's answers, and only this program may refresh them.
"""

import argparse
import inspect
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(os.path.dirname(HERE), "data", "fixtures")
RELEASES = {"2.0": "kirkstone", "2.8": "scarthgap", "2.12": "walnascar", "2.16": "whinlatter", "2.18": "wrynose", "2.19": "master"}
# When stamps of scenarios were made, in seconds since 1970.
STAMP_TIME = 1700000000

ENVIRONMENT = {
    "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
    "LANG": "en_US.UTF-8",
    "HOME": "/home/fixture",
    "USER": "fixture",
    "LOGNAME": "fixture",
    "SHELL": "/bin/sh",
}


class Log(logging.Handler):
    """Keeps the first line of every error BitBake logs: bb.fatal says why only there."""

    def __init__(self):
        super().__init__(logging.ERROR - 1)  # bb.erroronce logs just below ERROR
        self.lines = []

    def emit(self, record):
        cause = record.exc_info[1] if record.exc_info else None
        text = (str(cause) if cause and str(cause) else record.getMessage()).strip()
        if text:
            self.lines.append(text.split("\n")[0])


def plain(value):
    """A value of the datastore as JSON can hold it: sets sorted, objects by their repr."""
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, (set, frozenset)):
        return sorted((plain(v) for v in value), key=str)
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    return "<%s>" % type(value).__name__


class Cooker:
    """BitBake's cooker, configured from one build directory."""

    def __init__(self, build_dir):
        os.chdir(build_dir)
        import bb
        import bb.cooker
        import bb.cookerdata
        import bb.parse
        import bb.server.process

        self.bb = bb
        self.log = Log()
        logging.getLogger("BitBake").addHandler(self.log)
        env = os.environ.copy()
        bb.utils.clean_environment()
        if "idleCallBackRegister" in inspect.signature(bb.cooker.BBCooker).parameters:
            self.cooker = bb.cooker.BBCooker(idleCallBackRegister=lambda *args: None)
        else:
            self.cooker = bb.cooker.BBCooker()
        self.cooker.configuration.env = env
        self.cooker.initConfigurationData()
        if hasattr(self.cooker, "handlePRServ"):
            self.cooker.handlePRServ()
        self.builder = self.cooker.databuilder
        self.cooker.handleCollections(self.builder.data.getVar("BBFILE_COLLECTIONS"))
        self.collections = {}
        for mc, data in self.builder.mcdata.items():
            files = bb.cooker.CookerCollectFiles(self.cooker.bbfile_config_priorities, mc)
            self.collections[mc] = (files, files.collect_bbfiles(data, data)[0])

    def recipe_files(self, mc=""):
        """The recipe files of one multiconfig, in the order BitBake collects them."""
        return self.collections[mc][1]

    def variants(self, fn, mc=""):
        """{mcfn: datastore} of one recipe file, after its finalisation."""
        files = self.collections[mc][0]
        appends = files.get_file_appends(fn)
        if hasattr(self.builder, "parseRecipeVariants"):
            layer = files.calc_bbfile_priority(fn)[2]
            stores = self.builder.parseRecipeVariants(fn, appends, mc=mc, layername=layer)
        else:
            stores = self.bb.cache.NoCache(self.builder).load_bbfile(fn, appends, mc=mc)
        return {self.bb.cache.realfn2virtual(fn, variant, mc): d for variant, d in stores.items()}


def first_error(exc, log):
    """One line that says why a parse failed, as BitBake's user would read it."""
    text = str(exc).strip()
    if text and type(exc).__name__ != "BBHandledException":
        return text.split("\n")[0]
    return log.lines[0] if log.lines else type(exc).__name__


def signatures(mcfn, d):
    """The signature generator's data of one variant: newer releases keep it in the datastore."""
    import bb.parse

    siggen = bb.parse.siggen
    hashes = d.getVar("__siggen_basehashes", False)
    if hashes is not None:
        kept = {key: d.getVar("__siggen_" + key, False) for key in ("gendeps", "varvals", "taskdeps")}
    else:
        tasks = d.getVar("__BBTASKS", False) or []
        hashes = {task: siggen.basehash[mcfn + ":" + task] for task in tasks if mcfn + ":" + task in siggen.basehash}
        names = {"gendeps": "gendeps", "varvals": "lookupcache", "taskdeps": "taskdeps"}
        kept = {key: getattr(siggen, name, {}).get(mcfn) for key, name in names.items()}
    return hashes, kept


def variant_entry(mcfn, d):
    """What a fixture expects of one variant."""
    pn = d.getVar("PN")
    skipped = d.getVar("__SKIPPED", False)
    if skipped is not None:
        return {"pn": pn, "skipped": str(skipped), "tasks": {}}
    return {"pn": pn, "tasks": dict(sorted(signatures(mcfn, d)[0].items()))}


def variant_dump(mcfn, d):
    """Everything that helps to find out why a hash differs."""
    entry = variant_entry(mcfn, d)
    for key, value in signatures(mcfn, d)[1].items():
        entry[key] = plain(value or {})
    entry["vars"] = datastore_dump(d, expand=True)
    return entry


def datastore_dump(d, expand=False):
    """{key: {value, flags, expanded}}; internal flags (weak defaults, overrides) included."""
    out = {}
    for key in sorted(d.keys()):
        if key.startswith("__siggen_"):
            continue
        entry = {}
        flags = d.getVarFlags(key, internalflags=True) or {}
        flags = {f: plain(v) for f, v in flags.items() if f != "_content"}
        if flags:
            entry["flags"] = flags
        try:
            entry["value"] = plain(d.getVar(key, False))
            if expand:
                entry["expanded"] = plain(d.getVar(key))
        except BaseException as exc:
            entry["error"] = "%s: %s" % (type(exc).__name__, str(exc).split("\n")[0])
        out[key] = entry
    return out


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as out:
        json.dump(value, out, indent=1, sort_keys=True, ensure_ascii=False)
        out.write("\n")


def recipe_candidates(cooker, name, mc):
    """Files that may define the PN `name`: BitBake knows only after parsing them."""
    stem = re.sub(r"^(nativesdk-|lib32-|lib64-)|(-native)$", "", name)
    files = [fn for fn in cooker.recipe_files(mc)]
    names = {fn: os.path.basename(fn)[: -len(".bb")].split("_")[0] for fn in files}
    exact = [fn for fn in files if names[fn] in (name, stem)]
    return exact or [fn for fn in files if stem.startswith(names[fn] + "-")]


def dump_recipe(args):
    cooker = Cooker(args.build_dir)
    found = {}
    files = [os.path.abspath(args.file)] if args.file else recipe_candidates(cooker, args.recipe, args.mc)
    for fn in files:
        variants = cooker.variants(fn, args.mc)
        if args.file or any(d.getVar("PN") == args.recipe for d in variants.values()):
            found.update(variants)
    if not found:
        sys.exit("no recipe file of %s defines %s" % (args.build_dir, args.recipe))
    write_json(args.dump, {mcfn: variant_dump(mcfn, d) for mcfn, d in found.items()})
    return cooker


class Scenario:
    """One text of test/data/fixtures: prose with directives, then the files of a workspace.

    Cursor and range marks are taken out of the files, and @WORKSPACE@ stands for the place of
    the workspace. A file of a scenario hides the one of the base workspace with the same path.
    Directives are lines of the prose: `releases: wrynose master` (default: all),
    `env: NAME=value`, `place: /tmp/x` (the one place the workspace must be in), `graph: ARGUMENTS` (what to
    call `bitbake -g` with; may be repeated), `hashes: TARGETS` (what to call `bitbake -S none` with, likewise),
    `side: NAME FILE LINE` (a state of the build directory with one more line in a file of it, likewise),
    `run: ARGUMENTS` (what to call `bitbake -n` with, likewise), `objects: NAMES` and `stamps: NAME=SECONDS ...`
    (empty files in the build directory's objects and tmp/stamps; stamps are that much later than STAMP_TIME).
    test/harness/fixture.ts reads the same format.
    """

    def __init__(self, name):
        self.name = name
        self.expected = os.path.join(FIXTURES, name + ".expected.json")
        self.expected_graphs = os.path.join(FIXTURES, name + ".graphs.json")
        self.graphs = []
        self.expected_hashes = os.path.join(FIXTURES, name + ".taskhashes.json")
        self.hashes = []
        self.expected_sides = os.path.join(FIXTURES, name + ".sides.json")
        self.sides = []
        self.expected_runs = os.path.join(FIXTURES, name + ".runs.json")
        self.runs = []
        self.objects = []
        self.stamps = {}
        self.releases = None
        self.env = {}
        self.place = None
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
        empty = {os.path.join("objects", name): 0 for name in self.objects}
        empty.update({os.path.join("tmp", "stamps", name): int(seconds) for name, seconds in self.stamps.items()})
        for path, seconds in empty.items():
            target = os.path.join(root, "build", path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            open(target, "w").close()
            os.utime(target, (STAMP_TIME + seconds, STAMP_TIME + seconds))


def in_child(work):
    """The result of work(), computed in a fork: recipes must not see what another one left behind."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        with os.fdopen(writer, "w") as out:
            json.dump(work(), out)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(pid, 0)
    return json.loads(text)


def workspace_entries(root, dump):
    """{mcfn: entry} of a whole workspace; the key "" holds the error of a configuration that fails."""
    log = Log()
    logging.getLogger("BitBake").addHandler(log)
    try:
        cooker = Cooker(os.path.join(root, "build"))
    except BaseException as exc:
        return {"": {"error": first_error(exc, log)}}
    entries = {}

    def parse(fn, mc):
        cooker.log.lines.clear()
        try:
            variants = cooker.variants(fn, mc)
        except BaseException as exc:
            key = cooker.bb.cache.realfn2virtual(fn, "", mc)
            return {key: {"error": first_error(exc, cooker.log)}}
        describe = variant_dump if dump else variant_entry
        return {mcfn: describe(mcfn, d) for mcfn, d in variants.items()}

    for mc in cooker.builder.mcdata:
        for fn in cooker.recipe_files(mc):
            entries.update(in_child(lambda: parse(fn, mc)))
    return entries


def ask(scenario, bitbake, root, dump=False):
    """Materialises the scenario in root and lets a fresh interpreter evaluate it."""
    shutil.rmtree(root, ignore_errors=True)
    scenario.materialise(root)
    out = os.path.join(root, "answer.json")
    command = [sys.executable, os.path.abspath(__file__), "--bitbake", bitbake, "--workspace", root, "--answer", out]
    result = subprocess.run(
        command + (["--full"] if dump else []), env={**ENVIRONMENT, **scenario.env}, capture_output=True, text=True
    )
    if not os.path.exists(out):
        sys.exit("%s: BitBake did not answer\n%s%s" % (scenario.name, result.stdout, result.stderr))
    with open(out, encoding="utf-8") as answer:
        entries = json.load(answer)
    if dump:
        return entries
    text = json.dumps(entries).replace(root + "/", "")
    if os.path.dirname(bitbake) in text:
        sys.exit("%s: the answer names the checkout of BitBake" % scenario.name)
    return json.loads(text)


def ask_graphs(scenario, bitbake, root):
    """{arguments: {tasks: {task: [what it depends on]}, errors: [first lines]}} of `bitbake -g`; tasks only if it made a graph."""
    shutil.rmtree(root, ignore_errors=True)
    scenario.materialise(root)
    build = os.path.join(root, "build")
    dot = os.path.join(build, "task-depends.dot")
    answers = {}
    for arguments in scenario.graphs:
        if os.path.exists(dot):
            os.unlink(dot)
        command = [sys.executable, os.path.join(bitbake, "bin", "bitbake"), "-g"] + arguments.split()
        result = subprocess.run(command, cwd=build, env={**ENVIRONMENT, **scenario.env}, capture_output=True, text=True)
        output = (result.stdout + result.stderr).replace(root + "/", "")
        answer = {"errors": sorted(set(re.findall(r"^(?:ERROR|CRITICAL): (?!Command )(\S.*)", output, re.M)))}
        if os.path.exists(dot):
            tasks = {}
            with open(dot, encoding="utf-8") as text:
                for line in text:
                    edge = re.match(r'"([^"]*)"(?: -> "([^"]*)")?', line)
                    if edge:
                        needed = tasks.setdefault(edge.group(1), [])
                        needed += [edge.group(2)] if edge.group(2) else []
            answer["tasks"] = tasks
        elif not answer["errors"]:
            sys.exit("%s: bitbake -g %s did not answer\n%s" % (scenario.name, arguments, output))
        answers[arguments] = answer
    return answers


def record_graphs(name, bitbake, release):
    """Records the task graphs that a scenario asks for, for one release; True when the answer was news."""
    scenario = Scenario(name)
    if not scenario.graphs:
        return False
    known = {}
    if os.path.exists(scenario.expected_graphs):
        with open(scenario.expected_graphs, encoding="utf-8") as text:
            known = json.load(text)
    before = json.dumps(known)
    known.pop(release, None)
    if scenario.releases is None or release in scenario.releases:
        with tempfile.TemporaryDirectory() as scratch:
            known[release] = ask_graphs(scenario, bitbake, os.path.join(scratch, "a"))
    known = {key: known[key] for key in RELEASES.values() if key in known}
    with open(scenario.expected_graphs, "w", encoding="utf-8") as out:
        json.dump(known, out, indent=1, ensure_ascii=False)
        out.write("\n")
    return json.dumps(known) != before


def ask_hashes(scenario, bitbake, root):
    """{targets: {stamp and task: taskhash}} of `bitbake -S none`: names of sigdata files, from the build directory."""
    answers = {}
    for targets in scenario.hashes:
        shutil.rmtree(root, ignore_errors=True)
        scenario.materialise(root)
        build = os.path.join(root, "build")
        command = [sys.executable, os.path.join(bitbake, "bin", "bitbake"), "-S", "none"] + targets.split()
        result = subprocess.run(command, cwd=build, env={**ENVIRONMENT, **scenario.env}, capture_output=True, text=True)
        found = {}
        for folder, _, names in os.walk(build):
            for name in names:
                match = re.match(r"(.*)\.sigdata\.([0-9a-f]{64})$", os.path.relpath(os.path.join(folder, name), build))
                if match:
                    found[match.group(1)] = match.group(2)
        if not found:
            sys.exit("%s: bitbake -S none %s did not answer\n%s%s" % (scenario.name, targets, result.stdout, result.stderr))
        answers[targets] = dict(sorted(found.items()))
    return answers


def record_hashes(name, bitbake, release):
    """Records the taskhashes that a scenario asks for; null for those that are others each time (nostamp)."""
    scenario = Scenario(name)
    if not scenario.hashes:
        return False
    known = {}
    if os.path.exists(scenario.expected_hashes):
        with open(scenario.expected_hashes, encoding="utf-8") as text:
            known = json.load(text)
    before = json.dumps(known)
    known.pop(release, None)
    if scenario.releases is None or release in scenario.releases:
        with tempfile.TemporaryDirectory() as scratch:
            answers = ask_hashes(scenario, bitbake, os.path.join(scratch, "a"))
            again = ask_hashes(scenario, bitbake, os.path.join(scratch, "longer", "b"))
        known[release] = {
            targets: {task: found if again[targets][task] == found else None for task, found in hashes.items()}
            for targets, hashes in answers.items()
        }
    known = {key: known[key] for key in RELEASES.values() if key in known}
    with open(scenario.expected_hashes, "w", encoding="utf-8") as out:
        json.dump(known, out, indent=1, ensure_ascii=False)
        out.write("\n")
    return json.dumps(known) != before


def ask_sides(scenario, bitbake, root):
    """{side: {task: [SSTATE_PKGARCH, taskhash]}} of the world of each state of the build directory."""
    answers = {}
    for name, file, line in scenario.sides:
        shutil.rmtree(root, ignore_errors=True)
        scenario.materialise(root)
        build = os.path.join(root, "build")
        with open(os.path.join(build, file), "a", encoding="utf-8") as out:
            out.write(line.replace("@WORKSPACE@", root) + "\n")
        table = os.path.join(root, "table.tsv")
        command = [sys.executable, os.path.join(HERE, "record_tasks.py"), "--bitbake", bitbake, "--build-dir", build]
        command += ["--root", root, "--out", table, "world"]
        result = subprocess.run(command, cwd=build, env={**ENVIRONMENT, **scenario.env}, capture_output=True, text=True)
        if not os.path.exists(table):
            sys.exit("%s: BitBake did not answer\n%s%s" % (scenario.name, result.stdout, result.stderr))
        with open(table, encoding="utf-8") as text:
            rows = [row.rstrip("\n").split("\t") for row in text]
        answers[name] = {"%s:%s" % (pn, task): [arch, taskhash] for pn, task, _, taskhash, arch in rows}
    return answers


def record_sides(name, bitbake, release):
    """Records the hashes of the states of the build directory that a scenario compares; True when the answer was news."""
    scenario = Scenario(name)
    if not scenario.sides:
        return False
    known = {}
    if os.path.exists(scenario.expected_sides):
        with open(scenario.expected_sides, encoding="utf-8") as text:
            known = json.load(text)
    before = json.dumps(known)
    known.pop(release, None)
    if scenario.releases is None or release in scenario.releases:
        with tempfile.TemporaryDirectory() as scratch:
            known[release] = ask_sides(scenario, bitbake, os.path.join(scratch, "a"))
    with open(scenario.expected_sides, "w", encoding="utf-8") as out:
        json.dump(known, out, indent=1, ensure_ascii=False)
        out.write("\n")
    return json.dumps(known) != before


def ask_runs(scenario, bitbake, root, seed):
    """{arguments: {summary, setscene, runs, noexec}} of `bitbake -n`: its line, and sorted names of tasks that it would run."""
    answers = {}
    for arguments in scenario.runs:
        shutil.rmtree(root, ignore_errors=True)
        scenario.materialise(root)
        command = [sys.executable, os.path.join(bitbake, "bin", "bitbake"), "-n"] + arguments.split()
        env = {**ENVIRONMENT, **scenario.env, "PYTHONHASHSEED": str(seed)}
        # Old releases look for the worker there.
        env["PATH"] = os.path.join(bitbake, "bin") + ":" + env["PATH"]
        result = subprocess.run(command, cwd=os.path.join(root, "build"), env=env, capture_output=True, text=True)
        output = (result.stdout + result.stderr).replace(root + "/", "")
        summary = re.search(r"Sstate summary: .*", output)
        if not summary:
            sys.exit("%s: bitbake -n %s did not answer\n%s" % (scenario.name, arguments, output))
        found = {"setscene": [], "runs": [], "noexec": []}
        for kind, task in re.findall(r"Running (setscene |noexec |)task \d+ of \d+ \((.*)\)", output):
            found[kind.strip() or "runs"].append(re.sub("_setscene$", "", task))
        answers[arguments] = {"summary": summary.group(0).strip(), **{key: sorted(tasks) for key, tasks in found.items()}}
    return answers


def record_runs(name, bitbake, release):
    """Records what would run, for one release; BitBake goes through sets of names, so several orders must agree."""
    scenario = Scenario(name)
    if not scenario.runs:
        return False
    known = {}
    if os.path.exists(scenario.expected_runs):
        with open(scenario.expected_runs, encoding="utf-8") as text:
            known = json.load(text)
    before = json.dumps(known)
    known.pop(release, None)
    if scenario.releases is None or release in scenario.releases:
        with tempfile.TemporaryDirectory() as scratch:
            answers = [ask_runs(scenario, bitbake, os.path.join(scratch, "a"), seed) for seed in (1, 2)]
            if answers[0] != answers[1]:
                raise Unsteady(name)
            known[release] = answers[0]
    known = {key: known[key] for key in RELEASES.values() if key in known}
    with open(scenario.expected_runs, "w", encoding="utf-8") as out:
        json.dump(known, out, indent=1, ensure_ascii=False)
        out.write("\n")
    return json.dumps(known) != before


def release_of(bitbake):
    with open(os.path.join(bitbake, "lib", "bb", "__init__.py"), encoding="utf-8") as text:
        version = re.search(r'^__version__ = "(\d+\.\d+)', text.read(), re.M).group(1)
    return RELEASES.get(version, version)


class Unsteady(Exception):
    """A scenario whose answer differs from one place, or one run, to the next: it must be written anew."""


def record(name, bitbake, release):
    """Records one scenario for one release; True when BitBake's answer was news."""
    scenario = Scenario(name)
    known = {}
    if os.path.exists(scenario.expected):
        with open(scenario.expected, encoding="utf-8") as text:
            known = json.load(text)
    before = json.dumps(known)
    known.pop(release, None)
    if scenario.releases is None or release in scenario.releases:
        with tempfile.TemporaryDirectory() as scratch:
            if scenario.place:
                known[release] = ask(scenario, bitbake, scenario.place)
                shutil.rmtree(scenario.place)
            else:
                known[release] = ask(scenario, bitbake, os.path.join(scratch, "a"))
                again = ask(scenario, bitbake, os.path.join(scratch, "longer", "b"))
                if again != known[release]:
                    raise Unsteady(name)
    known = {key: known[key] for key in RELEASES.values() if key in known}
    with open(scenario.expected, "w", encoding="utf-8") as out:
        json.dump(known, out, indent=1, ensure_ascii=False)
        out.write("\n")
    return json.dumps(known) != before


def all_scenarios():
    names = []
    for folder, _, files in os.walk(FIXTURES):
        area = os.path.relpath(folder, FIXTURES)
        if area != "." and area.split(os.sep)[0] != "base":
            names += [os.path.join(area, f[:-4]) for f in files if f.endswith(".txt")]
    return sorted(names)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="scenarios, as area/name; default all")
    parser.add_argument("--bitbake", default=os.environ.get("SSTATE_LENS_BITBAKE"))
    parser.add_argument("--build-dir")
    parser.add_argument("--oe-core", action="store_true", help="the build directory is of OE-Core: set BBPATH as oe-init-build-env does")
    parser.add_argument("--recipe")
    parser.add_argument("--file", help="parse this recipe file instead of looking for --recipe")
    parser.add_argument("--mc", default="")
    parser.add_argument("--dump", help="with --build-dir: the file to write; with one scenario: too")
    parser.add_argument("--dump-config")
    parser.add_argument("--workspace", help=argparse.SUPPRESS)
    parser.add_argument("--answer", help=argparse.SUPPRESS)
    parser.add_argument("--full", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if not args.bitbake:
        parser.error("set SSTATE_LENS_BITBAKE or pass --bitbake")
    sys.path.insert(0, os.path.join(os.path.abspath(args.bitbake), "lib"))
    args.dump = args.dump and os.path.abspath(args.dump)
    args.dump_config = args.dump_config and os.path.abspath(args.dump_config)
    if args.build_dir:
        args.build_dir = os.path.abspath(args.build_dir)
        if args.oe_core:
            os.environ["BBPATH"] = args.build_dir
            os.environ["BUILDDIR"] = args.build_dir
        cooker = None
        if args.dump:
            cooker = dump_recipe(args)
        if args.dump_config:
            cooker = cooker or Cooker(args.build_dir)
            write_json(args.dump_config, {mc: datastore_dump(d, expand=True) for mc, d in cooker.builder.mcdata.items()})
    elif args.workspace:
        write_json(args.answer, workspace_entries(args.workspace, args.full))
    elif args.dump:
        with tempfile.TemporaryDirectory() as scratch:
            scenario = Scenario(args.names[0])
            write_json(args.dump, ask(scenario, args.bitbake, scenario.place or os.path.join(scratch, "a"), dump=True))
    else:
        release = release_of(args.bitbake)
        unsteady = []
        for name in args.names or all_scenarios():
            try:
                news = [
                    record(name, args.bitbake, release),
                    record_graphs(name, args.bitbake, release),
                    record_hashes(name, args.bitbake, release),
                    record_sides(name, args.bitbake, release),
                    record_runs(name, args.bitbake, release),
                ]
                print("%s %s %s" % (release, name, "recorded" if any(news) else "unchanged"))
            except Unsteady:
                unsteady.append(name)
        if unsteady:
            sys.exit("not recorded, the answer changes with the place of the workspace: %s" % " ".join(unsteady))


if __name__ == "__main__":
    main()
