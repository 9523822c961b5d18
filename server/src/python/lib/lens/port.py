"""
How Python calls TypeScript: a write to the port is a request, its result the length of the reply.

Requests start with a letter (see `wire.ts`); values cross as JSON. What JSON has no word for stays here, in a
table, and its number crosses. Exceptions likewise: one that crosses twice is still the same object.
"""

import copy
import json
import posix
from json.encoder import encode_basestring_ascii as quote

_PORT = 3
_write = posix.write
_read = posix.read
_loads = json.loads
_LARGEST = 2**53

#: Whether messages are no longer wanted.
muted = False

_objects = {}
_numbers = {}
_errors = {}
_error_numbers = {}


#: The class of datastores, made from their numbers; and what makes errors of descriptions.
_datastore_class = ()
_make_error = None


def connect(datastore_class, make_error):
    """Gives the port what it needs to know of the modules above it."""
    global _datastore_class, _make_error
    _datastore_class = datastore_class
    _make_error = make_error


def keep(value):
    """Keeps an object and returns its number."""
    known = _numbers.get(id(value))
    if known is not None:
        return known
    number = len(_objects) + 1
    _objects[number] = value
    _numbers[id(value)] = number
    return number


def kept(number):
    return _objects[number]


def keep_error(error):
    number = _error_numbers.get(id(error))
    if number is None:
        number = len(_errors) + 1
        _errors[number] = error
        _error_numbers[id(error)] = number
    return number


def kept_error(number):
    return _errors[number]


def encode(value):
    """JSON of a value; `{"o": …}` for what stays here, `{"d": …}` for a datastore."""
    kind = type(value)
    if kind is str:
        return quote(value)
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if kind is int and -_LARGEST < value < _LARGEST:
        return str(value)
    if kind is list:
        return "[" + ",".join([encode(item) for item in value]) + "]"
    if isinstance(value, str):
        return quote(str(value))
    if isinstance(value, _datastore_class):
        return '{"d":%d}' % value.number
    try:
        text = str(value)
    except Exception:
        text = object.__repr__(value)
    try:
        truthy = bool(value)
    except Exception:
        truthy = True
    return '{"o":%d,"t":%s,"b":%s}' % (keep(value), quote(text), "true" if truthy else "false")


def decode(value):
    """The inverse, of parsed JSON. Objects are copied, as BitBake copies what it hands out."""
    kind = type(value)
    if kind is list:
        return [decode(item) for item in value]
    if kind is dict:
        if "o" in value:
            return copy.copy(_objects[value["o"]])
        if "d" in value:
            return _datastore_class(value["d"])
        return {key: decode(item) for key, item in value["r"].items()}
    return value


def request(message):
    """Sends bytes and returns the value of the reply, or raises what it says."""
    reply = _read(_PORT, _write(_PORT, message))
    kind = reply[0]
    if kind == 115:  # s
        return str(reply[1:], "utf-8")
    if kind == 110:  # n
        return None
    if kind == 106:  # j
        return decode(_loads(reply[1:]))
    description = _loads(reply[1:])
    if "id" in description:
        raise kept_error(description["id"])
    raise _make_error(description)


def call(operation, number, *arguments):
    """Calls an operation of datastore `number`."""
    fields = [quote(operation), str(number)]
    fields += [encode(argument) for argument in arguments]
    return request(("C[" + ",".join(fields) + "]").encode())


def occasion(origin, value):
    """
    @param value: what is done each time, never remembered
    @param origin: of what is another at every parse what that is, as `the process id`; else None
    """
    request(("O" + json.dumps(origin)).encode())
    return value


def message(level, text):
    """Tells the user something, until TypeScript says that it is enough."""
    global muted
    if not muted:
        muted = request(("M" + json.dumps([level, text])).encode())
