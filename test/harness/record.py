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

from record_commands import ask_graphs, ask_sides, steady_hashes, steady_runs
from scenario import ENVIRONMENT, FIXTURES, RELEASES, Scenario, Unsteady, all_scenarios


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
            # Of releases before 2.6 the name of the layer is not known.
            _, _, *layer = files.calc_bbfile_priority(fn)
            named = {"layername": layer[0]} if layer else {}
            stores = self.builder.parseRecipeVariants(fn, appends, mc=mc, **named)
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
    # As bb/cache.py: CoreRecipeInfo does.
    skipped = d.getVar("__SKIPPED")
    if skipped:
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


def release_of(bitbake):
    with open(os.path.join(bitbake, "lib", "bb", "__init__.py"), encoding="utf-8") as text:
        version = re.search(r'^__version__ = "(\d+\.\d+)', text.read(), re.M).group(1)
    return RELEASES.get(version, version)


def steady_entries(scenario, bitbake, scratch):
    """What BitBake knows of the recipes, which must not depend on where the workspace is."""
    if scenario.place:
        answer = ask(scenario, bitbake, scenario.place)
        shutil.rmtree(scenario.place)
        return answer
    answer = ask(scenario, bitbake, os.path.join(scratch, "a"))
    if ask(scenario, bitbake, os.path.join(scratch, "longer", "b")) != answer:
        raise Unsteady(scenario.name)
    return answer


# Kind of answer, which is the end of its file's name; the directives that ask for it (None: always asked); who answers.
ANSWERS = (
    ("expected", None, steady_entries),
    ("graphs", "graphs", lambda scenario, bitbake, scratch: ask_graphs(scenario, bitbake, os.path.join(scratch, "a"))),
    ("taskhashes", "hashes", steady_hashes),
    ("sides", "sides", lambda scenario, bitbake, scratch: ask_sides(scenario, bitbake, os.path.join(scratch, "a"))),
    ("runs", "runs", steady_runs),
)


def record(name, bitbake, release):
    """Records all that a scenario asks for, for one release; True when any answer was news."""
    scenario = Scenario(name)
    news = False
    for kind, asked, answer in ANSWERS:
        if asked and not getattr(scenario, asked):
            continue
        path = os.path.join(FIXTURES, "%s.%s.json" % (name, kind))
        known = {}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as text:
                known = json.load(text)
        before = json.dumps(known)
        known.pop(release, None)
        if scenario.releases is None or release in scenario.releases:
            with tempfile.TemporaryDirectory() as scratch:
                known[release] = answer(scenario, bitbake, scratch)
        known = {key: known[key] for key in RELEASES.values() if key in known}
        with open(path, "w", encoding="utf-8") as out:
            json.dump(known, out, indent=1, ensure_ascii=False)
            out.write("\n")
        news = news or json.dumps(known) != before
    return news


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
                news = record(name, args.bitbake, release)
                print("%s %s %s" % (release, name, "recorded" if news else "unchanged"))
            except Unsteady:
                unsteady.append(name)
        if unsteady:
            sys.exit("not recorded, the answer changes with the place of the workspace: %s" % " ".join(unsteady))


if __name__ == "__main__":
    main()
