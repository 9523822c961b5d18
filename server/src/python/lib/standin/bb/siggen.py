"""The classes that layers derive signature generators from (`bb/siggen.py`); signatures are made elsewhere."""


class SignatureGenerator:
    name = "noop"

    def __init__(self, data=None):
        self.basehash = {}
        self.taskhash = {}
        self.unihash = {}


class SignatureGeneratorBasic(SignatureGenerator):
    name = "basic"


class SignatureGeneratorBasicHash(SignatureGeneratorBasic):
    name = "basichash"


class SignatureGeneratorUniHashMixIn:
    """Adds unihashes."""
