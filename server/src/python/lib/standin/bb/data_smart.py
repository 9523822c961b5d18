"""The datastore's class and its one exception (`bb/data_smart.py`)."""

from lens.datastore import Datastore as DataSmart  # noqa: F401


class ExpansionError(Exception):
    def __init__(self, varname, expression, exception):
        self.variablename = varname
        self.expression = expression
        self.exception = exception
        self.varlist = [varname or expression or ""]
        reason = "%s: %s" % (type(exception).__name__, exception)
        if not varname:
            self.msg = "Failure expanding expression %s which triggered exception %s" % (expression, reason)
        elif expression:
            self.msg = "Failure expanding variable %s, expression was %s which triggered exception %s" % (
                varname,
                expression,
                reason,
            )
        else:
            self.msg = "Failure expanding variable %s: %s" % (varname, reason)
        super().__init__(varname, expression, exception)

    def addVar(self, varname):
        if varname:
            self.varlist.append(varname)

    def __str__(self):
        return "%s\nThe variable dependency chain for the failure is: %s" % (self.msg, " -> ".join(self.varlist))
