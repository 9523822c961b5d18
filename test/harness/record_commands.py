"""What the command bitbake answers over a scenario: graphs (-g), taskhashes (-S none), states of a build directory, dry runs (-n).

Each function asks anew in a workspace that it lays in root; what is done with the answers is for record.py to say.
"""

import os
import re
import shutil
import subprocess
import sys

from scenario import ENVIRONMENT, HERE, Unsteady


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


def steady_hashes(scenario, bitbake, scratch):
    """The same, null for those that are others each time (nostamp)."""
    answers = ask_hashes(scenario, bitbake, os.path.join(scratch, "a"))
    again = ask_hashes(scenario, bitbake, os.path.join(scratch, "longer", "b"))
    return {
        targets: {task: found if again[targets][task] == found else None for task, found in hashes.items()}
        for targets, hashes in answers.items()
    }


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


def steady_runs(scenario, bitbake, scratch):
    """The same; BitBake goes through sets of names, so several orders must agree."""
    answers = [ask_runs(scenario, bitbake, os.path.join(scratch, "a"), seed) for seed in (1, 2)]
    if answers[0] != answers[1]:
        raise Unsteady(scenario.name)
    return answers[0]
