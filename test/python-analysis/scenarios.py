"""
Runs the scenarios of test/data/python-analysis/*.json through our Python analysis or the real BitBake.

    python3 scenarios.py ours DIRECTORY < request.json
    python3 scenarios.py bitbake CHECKOUT < request.json

DIRECTORY holds lens/analysis.py; CHECKOUT is an OE-Core checkout with bitbake/ inside. The request is
{traits, scenarios}; a scenario is {modules: [{namespace, source}], texts: [{text, variable}]}, the modules
being taken in before the texts. A module may also be {namespace, directory}: all that BBIMPORTS of the
library `namespace` in that directory names. Printed is, for each scenario, {modules: [[function]], texts: [answer]}.
Lists are sorted. What BitBake raises is {fails: the exception's name}.
"""

import importlib
import importlib.util
import json
import logging
import os
import sys
import tempfile

sys.dont_write_bytecode = True


def load(name, source, directory):
    path = os.path.join(directory, name + ".py")
    with open(path, "w", encoding="utf-8") as f:
        f.write(source)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def imported(wanted, directory):
    """The modules to take in, with their names."""
    if "source" in wanted:
        name = "scenario_" + wanted["namespace"].replace(".", "_")
        return [(load(name, wanted["source"], directory), wanted["namespace"])]
    sys.path.append(wanted["directory"])
    package = importlib.import_module(wanted["namespace"])
    names = ["%s.%s" % (wanted["namespace"], name) for name in getattr(package, "BBIMPORTS", [])]
    return [(importlib.import_module(name), name) for name in names]


def public_functions(module):
    names = [name for name in dir(module) if not name.startswith("_")]
    return {name: getattr(module, name) for name in names if callable(getattr(module, name))}


class Ours:
    def __init__(self, directory, traits):
        sys.path.insert(0, directory)
        # The libraries of a checkout import bb.
        if "SSTATE_LENS_OE_CORE" in os.environ:
            sys.path.append(os.path.join(os.environ["SSTATE_LENS_OE_CORE"], "bitbake", "lib"))
        from lens import analysis

        self.analysis = analysis
        self.traits = traits

    def start(self):
        self.visitors = {}

    def module(self, module, namespace):
        return self.analysis.module_functions(module, namespace, self.visitors, self.traits)

    def text(self, text, variable):
        return self.analysis.analyse(text, variable, self.visitors, self.traits)


class BitBake:
    def __init__(self, checkout, _):
        sys.path.insert(0, os.path.join(checkout, "bitbake", "lib"))
        import bb.codeparser
        import bb.data
        import bb.parse

        self.codeparser = bb.codeparser
        logging.disable(logging.CRITICAL)

    def start(self):
        getattr(self.codeparser, "modulecode_deps", {}).clear()

    def fresh(self):
        cache = self.codeparser.codeparsercache
        for lines in (cache.pythoncache, cache.pythoncacheextras, cache.pythoncachelines):
            lines.clear()
        self.codeparser.codecache.setcache.clear()

    def module(self, module, namespace):
        if not hasattr(self.codeparser, "add_module_functions"):
            return []
        self.fresh()
        known = self.codeparser.modulecode_deps
        before = set(known)
        try:
            self.codeparser.add_module_functions(module.__file__, public_functions(module), namespace)
        except Exception as exc:
            return {"fails": type(exc).__name__}
        # References, execs, variables of calls, tests, and in newer releases the hash of the source.
        return [self.answer(*known[name][:2], known[name][3], name=name, extra=(*known[name][4:], "")[0])
                for name in known if name not in before]  # fmt: skip

    def text(self, text, variable):
        self.fresh()
        warned = []

        class Parser(self.codeparser.PythonParser):
            def warn(self, function, argument):
                super().warn(function, argument)
                warned.append(function.lineno)

        parser = Parser(variable, logging.getLogger("oracle"))
        try:
            parser.parse_python(text)
        except Exception as exc:
            return {"fails": type(exc).__name__}
        return self.answer(parser.references, parser.execs, parser.contains, warned=len(warned))

    def answer(self, references, execs, contains, **more):
        contains = {name: sorted(items) for name, items in contains.items()}
        return {"references": sorted(references), "execs": sorted(execs), "contains": contains, **more}


def run(scenario, side):
    side.start()
    modules = []
    with tempfile.TemporaryDirectory() as directory:
        for wanted in scenario.get("modules", []):
            for module, namespace in imported(wanted, directory):
                modules.append(side.module(module, namespace))
        texts = [side.text(wanted["text"], wanted["variable"]) for wanted in scenario.get("texts", [])]
    return {"modules": modules, "texts": texts}


sys.stdin.reconfigure(encoding="utf-8")
request = json.load(sys.stdin)
side = (Ours if sys.argv[1] == "ours" else BitBake)(sys.argv[2], request.get("traits"))
json.dump([run(scenario, side) for scenario in request["scenarios"]], sys.stdout)
