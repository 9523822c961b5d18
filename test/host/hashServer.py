#!/usr/bin/env python3
"""A real hash equivalence server of a BitBake checkout, for hashServer.test.ts: runs until stdin ends.

    hashServer.py BITBAKE ADDRESS DATABASE OPTIONS

OPTIONS is JSON: rows ([method, taskhash, unihash] to report), upstream, read_only, user (one with a token is made,
and nobody else may read). Prints one line of JSON: the address, and the token.
"""
import json
import os
import signal
import sys

bitbake, address, database, options = sys.argv[1:5]
options = json.loads(options)
sys.path.insert(0, os.path.join(bitbake, "lib"))
import hashserv

OUTHASH = "%064x"


def serve(address, **kwargs):
    server = hashserv.create_server(address, database, sync=False, **kwargs)
    server.serve_as_process()
    return server


def stop(server):
    server.process.terminate()
    server.process.join()


def fill():
    """Reports rows as a build does: an equivalent one is a second taskhash with the same output."""
    server = serve("unix://%s.fill" % database)
    with hashserv.create_client(server.address) as client:
        for number, (method, taskhash, unihash) in enumerate(options["rows"]):
            client.report_unihash(unihash, method, OUTHASH % number, unihash)
            client.report_unihash(taskhash, method, OUTHASH % number, unihash)
    stop(server)


if options.get("rows"):
    fill()
kwargs = {"upstream": options.get("upstream"), "read_only": bool(options.get("read_only"))}
token = None
if options.get("user"):
    admin = serve("unix://%s.admin" % database, admin_username="admin", admin_password="admin")
    with hashserv.create_client(admin.address) as client:
        client.auth("admin", "admin")
        token = client.new_user(options["user"], ["@read"])["token"]
    stop(admin)
    kwargs["anon_perms"] = []
server = serve(address, **kwargs)
print(json.dumps({"address": server.address, "token": token}), flush=True)
sys.stdin.read()
stop(server)
