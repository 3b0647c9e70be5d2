"""Signs and verifies letters with dkimpy and with OpenDKIM's library: one JSON object a line on standard input, one on
standard output. The arguments are a file with an RSA key, the seed of an Ed25519 key in base64, and a file with the records
of all keys, one a line: the name, a blank, and the text."""

import base64
import ctypes
import ctypes.util
import json
import re
import sys

import dkim

rsa = open(sys.argv[1], "rb").read()
ed25519 = sys.argv[2].encode()
records = dict(line.rstrip("\n").split(" ", 1) for line in open(sys.argv[3]))


def answer(name, timeout=5):
    name = name.decode() if isinstance(name, bytes) else name
    return records.get(name.rstrip("."), "").encode() or None


class OpenDkim:
    """The library, which asks the file of records instead of the domain name system."""

    OK, SET, QUERY_METHOD, QUERY_INFO, FROM_FILE, SHA256 = 0, 1, 6, 7, 1, 1
    FORMS = {"simple": 0, "relaxed": 1}

    def __init__(self):
        name = ctypes.util.find_library("opendkim")
        if name is None:
            sys.exit("the library of OpenDKIM is missing; `cargo xtask test` installs libopendkim11")
        self.calls = ctypes.CDLL(name)
        for call in ("dkim_init", "dkim_sign", "dkim_verify"):
            getattr(self.calls, call).restype = ctypes.c_void_p
        self.library = ctypes.c_void_p(self.calls.dkim_init(None, None))
        self.set(self.QUERY_METHOD, ctypes.byref(ctypes.c_int(self.FROM_FILE)), 4)
        path = sys.argv[3].encode()
        self.set(self.QUERY_INFO, ctypes.c_char_p(path), len(path))

    def set(self, option, value, size):
        status = self.calls.dkim_options(self.library, self.SET, option, value, ctypes.c_size_t(size))
        assert status == self.OK, f"OpenDKIM does not take option {option}: {status}"

    def read(self, handle, letter):
        """Gives the letter to the library, and returns what it thinks of it."""
        for piece, size in ((letter, len(letter)), (None, 0)):
            status = self.calls.dkim_chunk(handle, ctypes.c_char_p(piece), ctypes.c_size_t(size))
            if status != self.OK:
                return status
        return self.calls.dkim_eom(handle, None)

    def verify(self, letter):
        status = ctypes.c_int()
        handle = ctypes.c_void_p(self.calls.dkim_verify(self.library, b"id", None, ctypes.byref(status)))
        status = self.read(handle, letter)
        self.calls.dkim_free(handle)
        return status == self.OK

    def sign(self, letter, forms):
        header, body = (self.FORMS[form] for form in forms.split("/"))
        status = ctypes.c_int()
        handle = ctypes.c_void_p(self.calls.dkim_sign(
            self.library, b"id", None, ctypes.c_char_p(rsa), b"rsa", b"alpha.test", header, body, self.SHA256,
            ctypes.c_ssize_t(-1), ctypes.byref(status)))
        assert handle, f"OpenDKIM does not sign: {status.value}"
        status = self.read(handle, letter)
        assert status == self.OK, f"OpenDKIM does not sign this letter: {status}"
        field, size = ctypes.c_char_p(), ctypes.c_size_t()
        status = self.calls.dkim_getsighdr_d(
            handle, ctypes.c_size_t(len("DKIM-Signature: ")), ctypes.byref(field), ctypes.byref(size))
        assert status == self.OK, f"OpenDKIM does not give its signature: {status}"
        field = re.sub(rb"\r?\n", b"\r\n", field.value)
        self.calls.dkim_free(handle)
        return b"DKIM-Signature: " + field + b"\r\n" + letter


def dkimpy_verifies(letter):
    try:
        return dkim.verify(letter, dnsfunc=answer)
    except dkim.DKIMException:
        return False


def dkimpy_signs(letter, forms, kind, whole):
    key, algorithm = (rsa, b"rsa-sha256") if kind == "rsa" else (ed25519, b"ed25519-sha256")
    forms = tuple(form.encode() for form in forms.split("/"))
    return dkim.sign(letter, kind.encode(), b"alpha.test", key, canonicalize=forms, signature_algorithm=algorithm,
                     length=not whole) + letter


def dkimpy_seals(letter, times):
    for number in range(times):
        server = f"mx{number}.alpha.test"
        before = "pass" if number else "none"
        letter = f"Authentication-Results: {server}; arc={before}; spf=pass smtp.mailfrom=a{number}.test\r\n".encode() + letter
        fields = dkim.arc_sign(letter, b"rsa", b"alpha.test", rsa, server.encode(), linesep=b"\r\n",
                               include_headers=[b"from", b"subject", b"date"])
        letter = b"".join(fields) + letter
    return letter


opendkim = OpenDkim()
text = lambda octets: base64.b64encode(octets).decode()
for line in sys.stdin:
    case = json.loads(line)
    letter = base64.b64decode(case["letter"])
    rsa_signed, ed25519_signed = (base64.b64decode(case[kind]) for kind in ("rsa", "ed25519"))
    told = {
        "rsa": {"dkimpy": dkimpy_verifies(rsa_signed), "opendkim": opendkim.verify(rsa_signed)},
        "ed25519": {"dkimpy": dkimpy_verifies(ed25519_signed)},
        "signed": {
            "opendkim": text(opendkim.sign(letter, case["forms"])),
            "dkimpy": text(dkimpy_signs(letter, case["forms"], case["kind"], case["whole"])),
        },
        "sealed": text(dkimpy_seals(letter, case["seals"])) if case["seals"] else None,
    }
    print(json.dumps(told), flush=True)
