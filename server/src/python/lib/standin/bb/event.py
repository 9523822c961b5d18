"""The events that metadata handles while it is parsed (`bb/event.py`)."""


class Event:
    def __init__(self):
        self.pid = 1


def getName(e):
    return e.__name__ if getattr(e, "__name__", None) else e.__class__.__name__


class ConfigParsed(Event):
    """The configuration has been read."""


class MultiConfigParsed(Event):
    def __init__(self, mcdata):
        super().__init__()
        self.mcdata = mcdata


class RecipeEvent(Event):
    def __init__(self, fn):
        super().__init__()
        self.fn = fn


class RecipePreDeferredInherits(RecipeEvent):
    def __init__(self, fn, inherits):
        super().__init__(fn)
        self.inherits = inherits


class RecipePreFinalise(RecipeEvent):
    """Before a recipe's variables are final."""


class RecipePostKeyExpansion(RecipeEvent):
    """After variables in variable names have been expanded."""


class RecipeTaskPreProcess(RecipeEvent):
    def __init__(self, fn, tasklist):
        super().__init__(fn)
        self.tasklist = tasklist


class RecipeParsed(RecipeEvent):
    """A recipe is complete."""


class OperationStarted(Event):
    def __init__(self, msg="Operation Started"):
        super().__init__()
        self.msg = msg


class OperationCompleted(Event):
    def __init__(self, total, msg="Operation Completed"):
        super().__init__()
        self.total = total
        self.msg = msg


class ParseStarted(OperationStarted):
    def __init__(self, total):
        super().__init__("Recipe parsing Started")
        self.total = total


class BuildBase(Event):
    def __init__(self, n, p, failures=0):
        super().__init__()
        self._name = n
        self._pkgs = p
        self._failures = failures

    def getPkgs(self):
        return self._pkgs

    def getName(self):
        return self._name

    def getFailures(self):
        return self._failures


class BuildInit(BuildBase):
    def __init__(self, p=()):
        super().__init__(None, p)


class BuildStarted(BuildBase):
    """A build begins."""


class BuildCompleted(BuildBase):
    def __init__(self, total, n, p, failures=0, interrupted=0):
        super().__init__(n, p, failures)
        self.total = total


class MetadataEvent(Event):
    def __init__(self, eventtype, eventdata):
        super().__init__()
        self.type = eventtype
        self._localdata = eventdata


class SanityCheck(Event):
    def __init__(self, generateevents=True):
        super().__init__()
        self.generateevents = generateevents


class SanityCheckPassed(Event):
    """Nothing is wrong with the host."""


class SanityCheckFailed(Event):
    def __init__(self, msg, network_error=False):
        super().__init__()
        self._msg = msg


class HeartbeatEvent(Event):
    def __init__(self, time):
        super().__init__()
        self.time = time


def fire(event, d):
    fire_class_handlers(event, d)


def fire_class_handlers(event, d):
    """Replaced, since handlers are not known here."""


def check_for_interrupts(*args):
    return None
