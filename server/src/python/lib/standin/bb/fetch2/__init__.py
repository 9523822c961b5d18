"""URLs (`bb/fetch2/__init__.py`): taking them apart and putting them together. Nothing is fetched."""

import re
from urllib.parse import quote, unquote


class BBFetchException(Exception):
    """Something is wrong with fetching."""


class FetchError(BBFetchException):
    def __init__(self, message, url=None):
        super().__init__("Fetcher failure: %s" % message)
        self.url = url


class MalformedUrl(BBFetchException):
    def __init__(self, url, message=""):
        super().__init__(message or "The URL: '%s' is invalid and cannot be interpreted" % url)
        self.url = url


class MissingParameterError(BBFetchException):
    def __init__(self, missing, url):
        super().__init__("URL: '%s' is missing the required parameter '%s'" % (url, missing))


class ParameterError(BBFetchException):
    def __init__(self, message, url):
        super().__init__("URL: '%s' has invalid parameters. %s" % (url, message))


_URL = re.compile(
    r"(?P<scheme>[^:]*)://(?:(?P<user>[^/;:@]+)(?::(?P<password>[^/;@]*))?@)?(?P<host>[^/;]*)(?P<path>[^;?]*)"
)


def decodeurl(url):
    """(scheme, host, path, user, password, parameters) of a URL."""
    match = _URL.match(url)
    if not match:
        raise MalformedUrl(url)
    scheme, user, password, host, path = match.group("scheme", "user", "password", "host", "path")
    if scheme == "file":
        host, path = "", host + path
    _, _, options = url.partition(";")
    parameters = {}
    for option in options.split(";"):
        if option:
            name, equals, value = option.partition("=")
            parameters[name] = value if equals else None
    return scheme, host.lower(), unquote(path) or "/", user or "", password or "", parameters


def encodeurl(decoded):
    """The inverse of `decodeurl`."""
    scheme, host, path, user, password, parameters = decoded
    if not scheme:
        raise MissingParameterError("type", "encoded from the data %s" % str(decoded))
    url = scheme + "://"
    if scheme != "file":
        if user:
            url += user + (":" + password if password else "") + "@"
        url += host or ""
    if path:
        url += quote(re.sub("/+", "/", path))
    return url + "".join(";%s=%s" % pair for pair in (parameters or {}).items())


class FetchData:
    def __init__(self, url, d, localonly=False):
        self.url = url
        self.type, self.host, self.path, self.user, self.pswd, self.parm = decodeurl(url)
        self.names = [self.parm.get("name") or "default"]
        self.localpath = _local_path(self, d)


def _local_path(ud, d):
    if ud.type != "file":
        return "%s/%s" % (d.getVar("DL_DIR"), ud.parm.get("downloadfilename") or ud.path.rsplit("/", 1)[-1])
    import bb

    return ud.path if ud.path.startswith("/") else bb.utils.which(d.getVar("FILESPATH") or "", ud.path)


#: By recipe and datastore, the URLs that were seen: later questions about all of them count these, too.
_seen = {}


class Fetch:
    """The URLs of a recipe. Asking where they are is fine; downloading is refused."""

    def __init__(self, urls, d, cache=True, localonly=False, connection_cache=None):
        self.urls = urls or (d.getVar("SRC_URI") or "").split()
        self.d = d
        file = d.getVar("FILE")
        key = (d.getVar("__BBMULTICONFIG"), file, id(d)) if cache and file else None
        self.ud = _seen.setdefault(key, {}) if key else {}
        for url in self.urls:
            if url not in self.ud:
                self.ud[url] = FetchData(url, d)

    def localpath(self, url):
        return self.ud[url].localpath

    def localpaths(self):
        return [self.ud[url].localpath for url in self.urls]

    def expanded_urldata(self, urls=None):
        return [self.ud[url] for url in urls or self.urls]

    def _refuse(self, *args, **kwargs):
        raise FetchError("nothing is fetched while parsing")

    download = unpack = clean = checkstatus = _refuse


def get_autorev(d):
    d.setVar("__BBAUTOREV_SEEN", True)
    return "AUTOINC"


def _revision(d, name):
    """SRCREV of a URL by its name; the newest one, which AUTOREV stands for, is not asked for."""
    pn = d.getVar("PN")
    for key in ("SRCREV_%s:pn-%s" % (name, pn), "SRCREV_%s" % name, "SRCREV:pn-%s" % pn, "SRCREV"):
        revision = d.getVar(key)
        if revision and revision != "INVALID":
            break
    else:
        raise FetchError("Please set a valid SRCREV")
    if revision == "AUTOINC":
        from lens import host

        d.setVar("__BBAUTOREV_ACTED_UPON", True)
        host.refuse("ask the network which revision is newest")
    return revision


def _revisions(d):
    d.setVar("__BBSRCREV_SEEN", "1")
    urls = Fetch((d.getVar("SRC_URI") or "").split(), d).ud
    return [(ud.type, _revision(d, ud.names[0])) for ud in urls.values() if ud.type in ("git", "gitsm", "svn", "hg")]


def get_srcrev(d, method_name="sortable_revision"):
    revisions = _revisions(d)
    if not revisions:
        raise FetchError("SRCREV was used yet no valid SCM was found in SRC_URI")
    if len(revisions) > 1:
        raise FetchError("SRCREV of several repositories needs BitBake's own library")
    [(kind, revision)] = revisions
    return ("" if kind == "svn" else "AUTOINC+") + revision[:10]


def get_hashvalue(d, method_name="sortable_revision"):
    return " ".join(revision for _, revision in _revisions(d))


def get_checksum_file_list(d):
    """The local files of SRC_URI, as `path:exists`."""
    import os

    fetch = Fetch([], d)
    found = []
    for url in fetch.urls:
        data = fetch.ud[url]
        if data.type == "file":
            path = data.localpath or "%s/%s" % ((d.getVar("FILESPATH") or "").split(":")[0], data.path)
            found.append("%s:%s" % (path, os.path.exists(path)))
    return " ".join(found)


def fetcher_init(d, servercontext=True):
    return None
