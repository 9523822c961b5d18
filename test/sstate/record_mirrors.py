#!/usr/bin/env python3
"""Asks real BitBake where mirrors say that an object may be; run by hand, never by the tests.

    record_mirrors.py RELEASE=BITBAKE_DIR...    writes test/data/mirrors.json

BITBAKE_DIR is a checkout that holds lib/bb. Each case is a value of SSTATE_MIRRORS and the name of an object; the
answer is what `build_mirroruris` makes of them, with what the fetchers make of each URL, or the exception.
"""

import json
import os
import random
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(os.path.dirname(HERE), "data", "mirrors.json")
STORE = "/srv/objects"
NAME = "3b/80/sstate:procps:x86-64-v3-oe-linux:4.0.6:r0:x86-64-v3:14:3b805a1e_package_write_ipk.tar.zst"
NATIVE = "universal/0a/f1/sstate:gcc-native:x86_64-linux:1.0+git0+ab~rc1:r0:x86_64:14:0af1_populate_sysroot.tar.zst"

BY_HAND = [
    "file://.* http://m.example/sstate/PATH",
    "file://.* http://m.example/sstate/PATH;downloadfilename=PATH",
    "file://.* https://m.example:8443/PATH;downloadfilename=PATH \\n file://.* file:///mnt/cache/PATH",
    "file://.* file:///mnt/cache",
    "file://.* file:///mnt/cache/",
    "file://.* http://m.example/flat",
    "file://.* http://m.example/flat/",
    "file://.* http://m.example",
    "file://.* http://m.example/BASENAME",
    "file://.* http://m.example/q/BASENAME;downloadfilename=PATH",
    "file://.* http://m.example/MIRRORNAME",
    "file://.* http://m.example/TYPE/HOST/PATH",
    "file://.* http://user:secret@m.example/PATH",
    "file://.* http://user@m.example/PATH",
    "file://.* http://m.example/PATH;user=me;pswd=secret",
    "file://.* HTTP://M.Example/PATH",
    "file://universal/(.*) http://m.example/u/\\1",
    "file://universal/(.*) http://m.example/u/\\1 file://.* http://m.example/all/PATH",
    "file://(?P<a>..)/(?P<b>..)/.* http://m.example/\\g<b>/\\g<a>/PATH",
    "file://(..)/.* http://m.example/\\1/PATH",
    "file://([^/]+)/ http://m.example/\\1/",
    "file://3b/80/ http://m.example/some/",
    "file://^3b http://m.example/x",
    "file://3b/80/.*ipk.* http://m.example/ipk/PATH file://3b/80/.*deb.* http://m.example/deb/PATH",
    "file://.*\\.tar\\.zst$ http://m.example/PATH",
    "file://.*\\.tgz$ http://m.example/PATH",
    "f.*://.* http://m.example/PATH",
    "(file|http)://.* http://m.example/PATH",
    ".*://.*/.* http://m.example/sstate/",
    ".*:///.* http://m.example/sstate/ .*://.* http://n.example/PATH",
    "file://.* http://a.example/PATH http://a.example/.* http://b.example/",
    "file://.* http://a.example/PATH http://a.example/(.*) http://b.example/\\1 http://b.example/.* file:///mnt/b/",
    "file://.* http://a.example/PATH https?://.* https://b.example/",
    "file://.* http://a.example/PATH;downloadfilename=PATH http://a.example/.* http://b.example/",
    "http://.* http://a.example/PATH",
    "file://.* s3://bucket/PATH",
    "file://.* s3://bucket/PATH file://.* http://a.example/PATH",
    "file://.* gs://bucket/PATH file://.* az://store/box/PATH",
    "file://.* ftp://m.example/PATH",
    "file://.* foo://m.example/PATH file://.* http://a.example/PATH",
    "file://.* http://a.example/PATH file://.* foo://m.example/PATH",
    "file://.* file:///mnt/*/PATH file://.* http://a.example/PATH",
    "file://.* http://a.example/PATH;protocol=git",
    "file://.* http://a.example/PATH file://.* http://a.example/PATH",
    "file://.*;a=b http://a.example/PATH",
    "file://.* http://a.example/PATH;a=b;c",
    "file://.* http://a.example/PATH;a=b=c",
    "file://.* http://a.example/PATH;a=BASENAME",
    "file://.* http://a.example/?file=PATH",
    "file://.* http://a.example/a%20b/PATH",
    "file://.* http://a.example/a#b/PATH",
    "file://.* http://a.example//x//PATH",
    "file://.* http://[::1]:8080/PATH",
    "file://.* file://rel/PATH",
    "file://.* http://a.example/PATH;localpath=/mnt/x",
    "file://.* file:///mnt/PATH;localpath=/mnt/x",
    "file://.* http://a.example/PATH only",
    "file://.*",
    "",
    "nonsense http://a.example/PATH",
    "file://.* nonsense",
    "file://( http://a.example/PATH",
    "file://* http://a.example/PATH",
    "file://.* http://a.example/\\1/PATH",
    "file://.* http://a.example/\\q/PATH",
    "file://.* http://a.example/\\./PATH",
    "file://.* ://a.example/PATH",
    "://.* http://a.example/PATH",
    "file://.* http://a.example/PATH http://.*/.* http://MIRRORNAME.example/PATH",
    "file://me@.* http://a.example/PATH",
    "file://.* file://me@host/PATH",
    "fil://.* http://a.example/PATH",
    "FILE://.* http://a.example/PATH",
    "file$://.* http://a.example/PATH",
    "file://(?i)3B.* http://a.example/PATH",
    "file://.{2}/.{2,}/.{,99}PATH http://a.example/PATH",
    "file://.{2}/.{2}/[^]]*$ http://a.example/PATH",
    "file://.{2}/.{2}/[]s[]s.* http://a.example/PATH",
    "file://(?!universal).* http://a.example/PATH file://(?=universal).* http://n.example/PATH",
    "file://(a|b|3)*b/.* http://a.example/\\1/PATH",
    "file://(x)?.* http://a.example/_\\1_/PATH",
    "file://.*+ http://a.example/PATH",
    "file://.** http://a.example/PATH",
    "file://\\A3b\\/80.*\\Z http://a.example/PATH",
    "file://\\d\\w/\\d+/\\S* http://a.example/PATH",
    "file://.*?/80 http://a.example/",
    "file://((..)/(..))/ http://a.example/\\3/\\2/\\1/",
]
ALLOWED = ["a.example", "*.example", "*.other m.example", "A.EXAMPLE  b.example"]
ATOMS = [
    ".*", ".", "..", "[^/]*", "[^/]+", "[0-9a-f]{2}", "(..)", "([0-9a-f]+)", "(?:universal/)?", "universal", "3b", "0a",
    "/", "(.*)", "(?P<n>.)", "sstate:", "[a-z]", ".*\\.zst", "$", "^", "\\d", "\\w+", "(a|3|u)", ".+?", "x*", "[^]/]", "{", "}",
    "]", "|", ")", "(", "*", "+", "?", "\\Z", "\\", "[", "{2}", "(?i)", "\\1", "[:]", "\\b", "a{,3}", "[a-]", "(?#x)",
]
TYPES = ["file", "file", "file", "file", "http", "https?", ".*", "(file|http)", "f.le", "files?"]
TARGETS = ["http://a.example", "https://b.example:8443", "file:///mnt", "http://HOST.example", "s3://box", "http://u:p@c.example"]
TAILS = ["PATH", "BASENAME", "MIRRORNAME", "", "x", "\\1", "\\g<1>", "\\g<n>", "\\2", "PATH;downloadfilename=PATH", "\\1/PATH", "\\n", "TYPE/PATH"]


def cases():
    for text in BY_HAND:
        for name in (NAME, NATIVE):
            yield text, name, ""
    for allowed in ALLOWED:
        yield "file://.* http://a.example/PATH file://.* http://m.example:80/PATH file://.* file:///mnt/PATH", NAME, allowed
    chance = random.Random(5)
    for _ in range(500):
        entries = []
        for _ in range(chance.choice((1, 1, 2, 3))):
            pattern = "".join(chance.choice(ATOMS) for _ in range(chance.randint(1, 5)))
            host = chance.choice(("", "", "", "a.example/", ".*/"))
            target = chance.choice(TARGETS) + "/" + chance.choice(("", "dir/", "dir")) + chance.choice(TAILS)
            entries.append("%s://%s%s %s" % (chance.choice(TYPES), host, pattern, target))
        yield " ".join(entries), chance.choice((NAME, NATIVE)), ""


def answers():
    """Run in a process for each release, with its library first on the path."""
    import warnings

    warnings.simplefilter("ignore")
    import logging

    logging.disable(logging.CRITICAL)
    import bb
    import bb.data
    import bb.fetch2

    bb.warn = lambda *args: None
    found = []
    for text, name, allowed in cases():
        d = bb.data.init()
        d.setVar("FILESPATH", STORE)
        d.setVar("DL_DIR", STORE)
        d.setVar("PN", "defaultpkgname")
        if allowed:
            d.setVar("BB_ALLOWED_NETWORKS", allowed)
        try:
            origin = bb.fetch2.FetchData("file://" + name, d)
            origin.setup_localpath(d)
            _, fetched = bb.fetch2.build_mirroruris(origin, bb.fetch2.mirror_from_string(text), d)
            found.append([[ud.url, ud.type, ud.host, ud.localpath, ud.user or "", ud.pswd or ""] for ud in fetched])
        except Exception as error:
            found.append(type(error).__name__)
    json.dump(found, sys.stdout)


def main():
    if sys.argv[1:] == ["--answers"]:
        return answers()
    by_release = {}
    for argument in sys.argv[1:]:
        release, directory = argument.split("=", 1)
        environment = dict(os.environ, PYTHONPATH=os.path.join(directory, "lib"), PYTHONDONTWRITEBYTECODE="1")
        command = [sys.executable, os.path.abspath(__file__), "--answers"]
        by_release[release] = json.loads(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE).stdout)
    rows = []
    for index, (text, name, allowed) in enumerate(cases()):
        grouped = {}
        for release, found in by_release.items():
            grouped.setdefault(json.dumps(found[index]), []).append(release)
        groups = [[releases, json.loads(answer)] for answer, releases in grouped.items()]
        rows.append({"mirrors": text, "name": name, "allowed": allowed, "answers": groups})
    with open(OUT, "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")


main()
