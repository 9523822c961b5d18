"""Older names of the messages (`bb/msg.py`)."""


def fatal(domain, *args):
    import bb

    bb.fatal(*args)


def warn(*args):
    import bb

    bb.warn(*args)
