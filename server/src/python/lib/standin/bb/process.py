"""Running commands (`bb/process.py`): they are not, but the errors have their names."""

import subprocess


class CmdError(RuntimeError):
    def __init__(self, command, msg=None):
        super().__init__(command, msg)
        self.command = command
        self.msg = msg

    def __str__(self):
        command = self.command if isinstance(self.command, str) else subprocess.list2cmdline(self.command)
        text = "Execution of '%s' failed" % command
        return "%s: %s" % (text, self.msg) if self.msg else text


class NotFoundError(CmdError):
    def __str__(self):
        return super().__str__() + ": command not found"


class ExecutionError(CmdError):
    def __init__(self, command, exitcode, stdout=None, stderr=None):
        super().__init__(command)
        self.exitcode = exitcode
        self.stdout = stdout
        self.stderr = stderr

    def __str__(self):
        output = (self.stderr or "") + (self.stdout or "")
        return "%s with exit code %s%s" % (super().__str__(), self.exitcode, output and ":\n" + output)


def run(cmd, input=None, log=None, extrafiles=None, **options):
    options.setdefault("shell", isinstance(cmd, str))
    try:
        process = subprocess.Popen(cmd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    except FileNotFoundError:
        raise NotFoundError(cmd) from None
    stdout, stderr = process.communicate()
    if process.returncode != 0:
        raise ExecutionError(cmd, process.returncode, stdout, stderr)
    return stdout, stderr
