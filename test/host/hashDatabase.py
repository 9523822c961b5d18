#!/usr/bin/env python3
"""Makes databases as a hash equivalence server does, and writes to one all the time, for hashDatabase.test.ts.

    hashDatabase.py make PATH SQL...       runs SQL, commits, and leaves as a server that was killed: log and all
    hashDatabase.py write PATH KEYS        writes generation after generation over KEYS keys, each in one commit,
                                           until stdin ends; prints what it saw as JSON

The writer waits for no lock (busy_timeout = 0): one that a reader held would be an error here.
"""
import json
import os
import select
import sqlite3
import sys

V3 = "CREATE TABLE unihashes_v3 (id INTEGER PRIMARY KEY AUTOINCREMENT, method TEXT NOT NULL, taskhash TEXT NOT NULL, unihash TEXT NOT NULL, gc_mark TEXT NOT NULL, UNIQUE(method, taskhash))"


def make(path, statements):
    database = sqlite3.connect(path)
    for statement in statements:
        database.execute(statement)
    database.commit()
    # Closing would bring the log into the database and remove it.
    os._exit(0)


def write(path, keys):
    database = sqlite3.connect(path, isolation_level=None, timeout=0)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = OFF")
    database.execute("PRAGMA wal_autocheckpoint = 50")
    database.execute(V3)
    generation = locked = reopened = 0
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        generation += 1
        unihash = "%064x" % generation
        try:
            database.execute("BEGIN IMMEDIATE")
            for key in range(keys):
                row = ("m", "%064x" % key, unihash)
                database.execute("INSERT OR REPLACE INTO unihashes_v3 (method, taskhash, unihash, gc_mark) VALUES (?, ?, ?, '')", row)
            database.execute("COMMIT")
            if generation % 7 == 0:
                locked += database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            if generation % 20 == 0:
                database.close()
                reopened += 1
                database = sqlite3.connect(path, isolation_level=None, timeout=0)
        except sqlite3.OperationalError as error:
            locked += 1
            sys.stderr.write("%s\n" % error)
    database.close()
    print(json.dumps({"generations": generation, "locked": locked, "reopened": reopened}), flush=True)


if sys.argv[1] == "make":
    make(sys.argv[2], sys.argv[3:])
else:
    write(sys.argv[2], int(sys.argv[3]))
