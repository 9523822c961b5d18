"""
The tasks of a recipe and their order, where metadata asks for them (`bb/build.py: tasksbetween`).
"""

from . import port


def tasksbetween(task_start, task_end, d):
    """The tasks on every way from one to another, each once, in the order in which they are come by."""
    found = {}
    #: Task -> the tasks that follow it.
    followers = {}
    for task, before in port.call("tasks", d.number):
        for other in before:
            followers.setdefault(other, []).append(task)

    def follow(way):
        if way[-1] == task_end:
            found.update(dict.fromkeys(way))
            return
        for task in followers.get(way[-1], ()):
            if task in way:
                import bb

                bb.fatal("Circular task dependencies: %s depends on itself" % task)
            follow(way + [task])

    follow([task_start])
    return list(found)
