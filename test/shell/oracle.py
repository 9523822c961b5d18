"""
Asks the real BitBake what shell texts run: what the tests compare with and their data is recorded from.

    python3 oracle.py CHECKOUT < texts.json

CHECKOUT is an OE-Core checkout with bitbake/ inside. The input is a JSON list of texts; the output is a
JSON list of {execs, unseen}, or {fails: message} where BitBake's parser raises.
"""

import json
import logging
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(sys.argv[1], "bitbake", "lib"))

import bb
import bb.codeparser

MARK = "unable to handle non-literal command '"


class Messages:
    def __init__(self):
        self.unseen = []

    def debug(self, message):
        self.unseen.append(message[message.index(MARK) + len(MARK) : -1])


def ask(text):
    bb.codeparser.codeparsercache.shellcacheextras.clear()
    bb.codeparser.codecache.setcache.clear()
    messages = Messages()
    bb.codeparser.BufferedLogger = lambda *args, **kwargs: messages
    parser = bb.codeparser.ShellParser("text", logging.getLogger("oracle"))
    try:
        execs = sorted(parser.parse_shell(text))
    except Exception as exc:
        return {"fails": "%s: %s" % (type(exc).__name__, exc)}
    return {"execs": execs, "unseen": sorted(set(messages.unseen))}


logging.disable(logging.CRITICAL)
bb.error = lambda *args, **kwargs: None
sys.stdin.reconfigure(encoding="utf-8")
json.dump([ask(text) for text in json.load(sys.stdin)], sys.stdout)
