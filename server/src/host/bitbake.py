"""Tells what BitBake knows: its basehashes, and what went into them.

    python3 bitbake.py LIB cache FILE...      recipes of cache files that `bitbake -p` left
    python3 bitbake.py LIB recipes BUILD_DIR  recipes named on standard input, parsed anew

LIB is BitBake's own lib directory, which this needs to read what BitBake wrote. `cache` takes `MC=FILE` for each
multiconfig (`=FILE` for the plain one). `recipes` reads a JSON list of [multiconfig, path of the .bb file].

Answers on file descriptor 3, a line of JSON for each variant: `recipe` (BitBake's virtual file name), `pn`,
`skipped` (the reason, or null), `tasks` (name to basehash). `recipes` adds `values` (variable to what is hashed for
it) and `dependencies` (task to variables), or says `error` of a recipe file. What BitBake itself says goes where
it wants. Only ever started when the user asks for a comparison with BitBake.
"""

import inspect
import json
import os
import pickle
import sys


def names_of(filename, variant, mc):
    """BitBake's virtual file name."""
    name = "virtual:%s:%s" % (variant, filename) if variant else filename
    return "mc:%s:%s" % (mc, name) if mc else name


def cached(path):
    """{name: CoreRecipeInfo} of a cache file: two versions, then names and records in turn."""
    found = {}
    with open(path, "rb") as stream:
        reader = pickle.Unpickler(stream)
        reader.load()
        reader.load()
        while True:
            try:
                name = reader.load()
            except EOFError:
                return found
            found[name] = reader.load()


def reason(value):
    """Why a recipe is skipped; None where it is not."""
    return str(value) if value else None


def read_cache(mc, path):
    """Every variant of every recipe that is still there; the file keeps those of files that are gone."""
    records = cached(path)
    for name, record in records.items():
        if name.startswith("virtual:") or not os.path.exists(name):
            continue
        for variant in record.variants:
            found = records.get(names_of(name, variant, ""))
            if found is None:
                continue
            skipped = reason(found.skipreason) if found.skipped else None
            tasks = {} if skipped is not None else {task: hash for task, hash in found.basetaskhashes.items() if hash}
            yield {"recipe": names_of(name, variant, mc), "pn": found.pn, "skipped": skipped, "tasks": tasks}


class Cooker:
    """BitBake's cooker in this process, without its server: the configuration of one build directory."""

    def __init__(self, build_dir):
        os.chdir(build_dir)
        import bb
        import bb.cooker
        import bb.cookerdata
        import bb.parse
        import bb.server.process

        environment = os.environ.copy()
        bb.utils.clean_environment()
        if "idleCallBackRegister" in inspect.signature(bb.cooker.BBCooker).parameters:
            self.cooker = bb.cooker.BBCooker(idleCallBackRegister=lambda *args: None)
        else:
            self.cooker = bb.cooker.BBCooker()
        self.cooker.configuration.env = environment
        self.cooker.initConfigurationData()
        self.builder = self.cooker.databuilder
        self.cooker.handleCollections(self.builder.data.getVar("BBFILE_COLLECTIONS"))
        self.collections = {}

    def files(self, mc):
        """Knows which appends and which layer belong to a recipe file."""
        if mc not in self.collections:
            import bb.cooker

            data = self.builder.mcdata[mc]
            files = bb.cooker.CookerCollectFiles(self.cooker.bbfile_config_priorities, mc)
            files.collect_bbfiles(data, data)
            self.collections[mc] = files
        return self.collections[mc]

    def variants(self, mc, path):
        """{variant: datastore}"""
        import bb.cache

        files = self.files(mc)
        appends = files.get_file_appends(path)
        if hasattr(self.builder, "parseRecipeVariants"):
            layer = files.calc_bbfile_priority(path)[2]
            return self.builder.parseRecipeVariants(path, appends, mc=mc, layername=layer)
        return bb.cache.NoCache(self.builder).load_bbfile(path, appends, mc=mc)


def hashed(name, d):
    """Basehashes, values and dependencies of one variant; the newer releases keep them in the datastore."""
    import bb.parse

    hashes = d.getVar("__siggen_basehashes", False)
    if hashes is not None:
        return hashes, d.getVar("__siggen_varvals", False), d.getVar("__siggen_taskdeps", False)
    siggen = bb.parse.siggen
    tasks = [task for task in d.getVar("__BBTASKS", False) or [] if "%s:%s" % (name, task) in siggen.basehash]
    hashes = {task: siggen.basehash["%s:%s" % (name, task)] for task in tasks}
    return hashes, siggen.lookupcache.get(name), siggen.taskdeps.get(name)


def read_recipe(cooker, mc, path):
    for variant, d in cooker.variants(mc, path).items():
        name = names_of(path, variant, mc)
        entry = {"recipe": name, "pn": d.getVar("PN"), "skipped": reason(d.getVar("__SKIPPED", False)), "tasks": {}}
        if entry["skipped"] is None:
            tasks, values, dependencies = hashed(name, d)
            entry["tasks"] = dict(tasks)
            entry["values"] = {key: None if value is None else str(value) for key, value in (values or {}).items()}
            entry["dependencies"] = {task: sorted(names) for task, names in (dependencies or {}).items()}
        yield entry


def answers(arguments):
    if arguments[0] == "cache":
        for argument in arguments[1:]:
            mc, _, path = argument.partition("=")
            yield from read_cache(mc, path)
        return
    wanted = json.load(sys.stdin)
    cooker = Cooker(arguments[1])
    for mc, path in wanted:
        try:
            yield from read_recipe(cooker, mc, path)
        except BaseException as exc:
            if isinstance(exc, KeyboardInterrupt):
                raise
            yield {"recipe": names_of(path, "", mc), "error": "%s: %s" % (type(exc).__name__, exc)}


def main():
    # Recipes of deep nesting recurse in the pickled records as well.
    sys.setrecursionlimit(10000)
    sys.path.insert(0, sys.argv[1])
    import bb
    import bb.cache  # the classes of what is in the cache

    with os.fdopen(3, "w", encoding="utf-8") as out:
        for answer in answers(sys.argv[2:]):
            out.write(json.dumps(answer) + "\n")


main()
