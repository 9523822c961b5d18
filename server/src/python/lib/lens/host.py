"""
The host as metadata may know it: its name and machine, its user, its commands (none of which is run; what a
few `git rev-parse` would say is read from the repository by TypeScript, where links lead is looked up, and what dpkg
was built for is known). Everything else is refused, and the refusal is recorded.
"""

import io
import os
import re
import shlex
import sys
import types

from . import port

#: A path that is the same to a shell.
_PLAIN = re.compile(r"(?!-)[\w@%+=:,./-]*[\w@%+=:,.-]")


#: What is known of the host, once it is.
_FACTS = {}


def _answer(command, cwd, shell=False):
    """
    How `command` would end, as [status, output, error], where that can be known without running it; None where
    it cannot, in which case TypeScript has recorded a refusal.
    """
    if isinstance(command, bytes):
        command = command.decode("utf-8", "replace")
    if isinstance(command, str):
        try:
            words = shlex.split(command) if shell else [command]
        except ValueError:
            words = [command]
    else:
        words = [os.fsdecode(word) for word in command]
    if words[:3] == ["ionice", "-c", "3"]:
        words = words[3:]
    if words[:2] == ["rm", "-rf"]:
        return _remove([os.path.join(cwd or "", path) for path in words[2:]])
    if words[:2] == ["readlink", "-f"] and len(words) == 3 and _PLAIN.fullmatch(words[2]):
        return _real_path(os.path.join(cwd or os.getcwd(), words[2]))
    if words == ["dpkg", "--print-architecture"] and _FACTS.get("debianArchitecture"):
        return [0, _FACTS["debianArchitecture"] + "\n", ""]
    return port.request(("X" + port.encode([words, os.fspath(cwd) if cwd else os.getcwd()])).encode())


def _real_path(path):
    """`readlink -f`: all but the last of its names have to be there."""
    real = os.path.realpath(path)
    # It ends at a link where links lead in a circle.
    found = os.path.isdir(os.path.dirname(real)) and not os.path.islink(real)
    return [0, real + "\n", ""] if found else [1, "", ""]


def _remove(paths):
    """`rm -rf`, which `bb.utils.remove` runs: of what was written to memory that is possible."""
    import shutil

    for path in paths:
        try:
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            elif os.path.lexists(path):
                os.unlink(path)
        except OSError as error:
            return [1, "", "rm: cannot remove '%s': %s\n" % (path, error.strerror)]
    return [0, "", ""]


def _popen_class(subprocess):
    class Popen:
        """A command that has already ended, with the output that is known of it."""

        def __init__(self, args, bufsize=-1, executable=None, stdin=None, stdout=None, stderr=None,
                     preexec_fn=None, close_fds=True, shell=False, cwd=None, env=None,
                     universal_newlines=None, startupinfo=None, creationflags=0, restore_signals=True,
                     start_new_session=False, pass_fds=(), *, user=None, group=None, extra_groups=None,
                     encoding=None, errors=None, text=None, umask=-1, pipesize=-1, process_group=None):
            self.args = args
            self.pid = 2
            result = _answer(args, cwd, shell)
            if result is None:
                name = args if isinstance(args, str) else (list(args) or [""])[0]
                raise FileNotFoundError(2, "commands are not run while parsing in the sandbox", str(name))
            self.returncode, output, error = result
            self._text = bool(text or universal_newlines or encoding or errors)
            self.stdin = None
            self.stdout = self._pipe(output) if stdout == subprocess.PIPE else None
            self.stderr = self._pipe(error) if stderr == subprocess.PIPE else None

        def _pipe(self, output):
            return io.StringIO(output) if self._text else io.BytesIO(output.encode())

        def poll(self):
            return self.returncode

        def wait(self, timeout=None):
            return self.returncode

        def communicate(self, input=None, timeout=None):
            return (
                self.stdout.read() if self.stdout else None,
                self.stderr.read() if self.stderr else None,
            )

        def send_signal(self, signal):
            return None

        terminate = kill = lambda self: None

        def __enter__(self):
            return self

        def __exit__(self, *exception):
            return None

        def __class_getitem__(cls, item):
            return cls

    return Popen


def _subprocess():
    import subprocess

    subprocess.Popen = _popen_class(subprocess)
    subprocess._can_fork_exec = True


def _os(facts, process):
    uname = os.uname_result(
        (facts["sysname"], facts["nodename"], facts["release"], facts["version"], facts["machine"])
    )
    os.uname = lambda: uname
    os.cpu_count = lambda: facts["cpuCount"]
    os.process_cpu_count = lambda: facts["cpuCount"]
    os.sched_getaffinity = lambda pid: set(range(facts["cpuCount"]))
    os.getuid = os.geteuid = lambda: facts["uid"]
    os.getgid = os.getegid = lambda: facts["gid"]
    os.getresuid = lambda: (facts["uid"],) * 3
    os.getresgid = lambda: (facts["gid"],) * 3
    os.getlogin = lambda: facts["userName"]
    os.getpid = lambda: port.occasion("the process id", process)
    os.getppid = lambda: 0
    os.nice = lambda increment: 0
    os.getpriority = lambda which, who: 0
    os.setpriority = lambda which, who, priority: None
    os.getloadavg = lambda: (0.0, 0.0, 0.0)

    def system(command):
        result = _answer(command, None, True)
        return 32512 if result is None else result[0] << 8

    def popen(command, mode="r", buffering=-1):
        result = _answer(command, None, True)
        if result is None:
            raise FileNotFoundError(2, "commands are not run while parsing in the sandbox", command)
        return io.StringIO(result[1])

    os.system = system
    os.popen = popen


def _refused(what):
    """A function that does not do `what`, and has it known."""

    def refuse(*arguments, **named):
        port.request(("R" + port.encode(what)).encode())
        raise PermissionError(1, "not done while parsing in the sandbox: " + what)

    return refuse


def refuse(what):
    """Does not do `what`, and has it known."""
    _refused(what)()


#: Functions of modules that the host has, and this interpreter either has not or lets fail.
_ABSENT = {
    "os": (
        "copy_file_range eventfd getgrouplist getgroups getrandom getxattr initgroups lchown link listxattr memfd_create mkfifo"
        " mknod openpty pidfd_open posix_fallocate removexattr sched_getparam sched_getscheduler sched_setaffinity"
        " sched_setparam sched_setscheduler sendfile setegid seteuid setgroups setresgid setresuid setxattr splice"
        " statvfs"
    ),
    "resource": "getrlimit prlimit setrlimit",
    "signal": "alarm pidfd_send_signal pthread_kill setitimer",
    "time": "tzset",
}


def _absences():
    import _thread
    import importlib
    import threading

    for name, functions in _ABSENT.items():
        module = importlib.import_module(name)
        for function in functions.split():
            setattr(module, function, _refused("call %s.%s" % (name, function)))
    threading.Thread.start = _thread.start_new_thread = _refused("start a thread")
    synchronization = types.ModuleType("_multiprocessing")
    synchronization.SemLock = type(
        "SemLock", (), {"SEM_VALUE_MAX": 2**31 - 1, "__new__": _refused("make a lock for processes")}
    )
    synchronization.sem_unlink = _refused("remove a lock for processes")
    sys.modules["_multiprocessing"] = synchronization


def _refusals():
    import gc
    import signal

    for name in ("fork", "forkpty", "posix_spawn", "posix_spawnp", "execv", "execve"):
        setattr(os, name, _refused("start a process with os.%s" % name))
    os.kill = os.killpg = _refused("send a signal to a process")
    signal.raise_signal = _refused("send a signal to a process")
    # They lead to what our own modules keep, and to an order of things that BitBake's process does not have.
    for name in ("get_objects", "get_referrers", "get_referents"):
        setattr(gc, name, _refused("look at all objects of the interpreter"))


def _platform(facts):
    import platform

    result = platform.uname_result(
        facts["sysname"], facts["nodename"], facts["release"], facts["version"], facts["machine"]
    )
    platform.uname = lambda: result
    import _socket

    _socket.gethostname = lambda: facts["nodename"]
    platform.machine = lambda: facts["machine"]
    platform.system = lambda: facts["sysname"]
    platform.node = lambda: facts["nodename"]
    platform.release = lambda: facts["release"]
    platform.version = lambda: facts["version"]
    platform.processor = lambda: facts["machine"]


def _accounts(facts):
    """The user and root are known; of others, and of all there are, it is not told who they are."""
    import collections

    account = collections.namedtuple(
        "struct_passwd", ("pw_name", "pw_passwd", "pw_uid", "pw_gid", "pw_gecos", "pw_dir", "pw_shell")
    )
    team = collections.namedtuple("struct_group", ("gr_name", "gr_passwd", "gr_gid", "gr_mem"))
    accounts = [
        account(facts["userName"], "x", facts["uid"], facts["gid"], "", facts["homeDir"], "/bin/sh"),
        account("root", "x", 0, 0, "root", "/root", "/bin/bash"),
    ]
    teams = [team(facts["userName"], "x", facts["gid"], []), team("root", "x", 0, [])]

    def known(entries, field):
        def find(key):
            for entry in entries:
                if entry[field] == key:
                    return entry
            port.request(("R" + port.encode("look up the account %s" % (key,))).encode())
            raise KeyError(key)

        return find

    pwd = types.ModuleType("pwd")
    pwd.struct_passwd = account
    pwd.getpwnam, pwd.getpwuid = known(accounts, 0), known(accounts, 2)
    pwd.getpwall = _refused("list all accounts")
    grp = types.ModuleType("grp")
    grp.struct_group = team
    grp.getgrnam, grp.getgrgid = known(teams, 0), known(teams, 2)
    grp.getgrall = _refused("list all accounts")
    sys.modules["pwd"] = pwd
    sys.modules["grp"] = grp


def _time():
    import logging
    import time

    # Who says something does not ask what time it is.
    timeless = types.ModuleType("time")
    timeless.__dict__.update(vars(time), time=lambda: 0.0, time_ns=lambda: 0)
    logging.time = timeless
    # Waiting changes nothing here: there is nobody else.
    time.sleep = lambda seconds: None


def _random():
    """The numbers that the module gives to all are others in each process, until somebody seeds them."""
    import random

    common = random.seed.__self__
    seeded = False

    def unseeded(function):
        def number(*args, **kwargs):
            return function(*args, **kwargs) if seeded else port.occasion("random numbers", function(*args, **kwargs))

        return number

    def seed(a=None, version=2):
        nonlocal seeded
        seeded = a is not None
        # What comes after it needs it to have happened.
        port.occasion(None, common.seed(a, version))

    for name in random.__all__:
        function = getattr(random, name)
        if getattr(function, "__self__", None) is common and name not in ("getstate", "setstate"):
            setattr(random, name, seed if name == "seed" else unseeded(function))


def _executable(facts):
    # Looks for what Python is built of beside the executable, and finds it here where there is none.
    import sysconfig  # noqa: F401

    sys.executable = facts.get("pythonExecutable") or ""


def install(facts, process):
    _FACTS.update(facts)
    _accounts(facts)
    _os(facts, process)
    _platform(facts)
    _subprocess()
    _time()
    _random()
    _refusals()
    _absences()
    # `sys.platform` decides much in the standard library and in metadata.
    sys.platform = "linux"
    _executable(facts)
