"""Tasks (`bb/build.py`): adding and deleting them. Running them is not for the sandbox."""

import builtins
import os

import bb

# As BitBake's own does: functions of libraries use these without importing them.
builtins.bb = bb
builtins.os = os


class FuncFailed(Exception):
    """A function of a task failed."""


class TaskBase(Exception):
    """The base of task events."""


def _task(name):
    return name if name.startswith("do_") else "do_" + name


def addtask(task, before, after, d):
    task = _task(task)
    d.setVarFlag(task, "task", 1)
    tasks = d.getVar("__BBTASKS", False) or []
    if task not in tasks:
        tasks.append(task)
    d.setVar("__BBTASKS", tasks)
    deps = d.getVarFlag(task, "deps", False) or []
    for entry in (after or "").split():
        if _task(entry) not in deps:
            deps.append(_task(entry))
    d.setVarFlag(task, "deps", deps)
    for entry in (before or "").split():
        existing = d.getVarFlag(_task(entry), "deps", False) or []
        if task not in existing:
            d.setVarFlag(_task(entry), "deps", [task] + existing)


def deltask(task, d):
    task = _task(task)
    tasks = d.getVar("__BBTASKS", False) or []
    if task in tasks:
        tasks.remove(task)
        d.delVarFlag(task, "task")
        d.setVar("__BBTASKS", tasks)
    d.delVarFlag(task, "deps")
    for other in tasks:
        deps = d.getVarFlag(other, "deps", False) or []
        if task in deps:
            deps.remove(task)
            d.setVarFlag(other, "deps", deps)


def preceedtask(task, with_recrdeptasks, d):
    if task not in (d.getVar("__BBTASKS", False) or []):
        return set()
    found = set(d.getVarFlag(task, "deps") or [])
    if with_recrdeptasks:
        found.update((d.getVarFlag(task, "recrdeptask") or "").split())
    return found


def exec_func(func, d, dirs=None):
    raise FuncFailed("%s: functions of tasks are not run while parsing" % func)


def exec_task(fn, task, d, profile=False):
    raise FuncFailed("%s: tasks are not run while parsing" % task)
