"""The files of letters through the doors of the pages: as one zip, and as small pictures.

Usage: letter_files.py STORY PORT ADDRESS PASSWORD [OTHER-ADDRESS OTHER-PASSWORD]
Fails with a sentence where something is not as it must be.
"""

import base64
import email
import email.policy
import io
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile

STORY, PORT = sys.argv[1], int(sys.argv[2])
PEOPLE = list(zip(sys.argv[3::2], sys.argv[4::2]))


class Kept(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Browser:
    """Somebody who is logged in, unless there is no password."""

    def __init__(self, address="", password=""):
        self.cookie = ""
        if password:
            form = urllib.parse.urlencode({"name": address, "password": password}).encode()
            status, header, _ = self.ask("/login", form, {"Accept": "application/json", "X-Facteur": "1"})
            assert status == 204, f"the log-in is answered by {status}"
            self.cookie = header["Set-Cookie"].split(";")[0]

    def ask(self, path, data=None, header={}):
        fields = {"Cookie": self.cookie, "Host": f"127.0.0.1:{PORT}", **header}
        request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", data, fields)
        try:
            answer = urllib.request.build_opener(Kept).open(request, timeout=120)
        except urllib.error.HTTPError as error:
            answer = error
        return answer.status, answer.headers, answer.read()

    def letter(self, subject):
        """The id of the letter, and its files: (blobId, name as the server tells it, octets)."""
        account = json.loads(self.ask("/jmap/session")[2])["primaryAccounts"]["urn:ietf:params:jmap:mail"]
        calls = [
            ["Email/query", {"accountId": account, "filter": {"subject": subject}}, "q"],
            ["Email/get", {"accountId": account, "properties": ["attachments"],
                           "#ids": {"resultOf": "q", "name": "Email/query", "path": "/ids"}}, "g"],
        ]
        asked = {"using": ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"], "methodCalls": calls}
        header = {"Content-Type": "application/json", "X-Facteur": "1"}
        end = time.monotonic() + 60
        while True:
            answer = json.loads(self.ask("/jmap/api", json.dumps(asked).encode(), header)[2])
            found = answer["methodResponses"][1][1]["list"]
            if found:
                return found[0]["id"], found[0]["attachments"]
            assert time.monotonic() < end, f"{subject} never came: {answer}"
            time.sleep(0.1)


def address_of(letter, files):
    """Where these files, (blobId, name), can be had as one."""
    return f"/letter/{letter}/files.zip?{urllib.parse.urlencode(files)}"


def unpacked(octets):
    """What is in a zip, by readers that know nothing of ours: Python, and unzip if it is there."""
    with tempfile.NamedTemporaryFile(suffix=".zip") as file:
        file.write(octets)
        file.flush()
        if shutil.which("unzip"):
            said = subprocess.run(["unzip", "-t", file.name], capture_output=True, text=True)
            assert said.returncode == 0, said.stdout + said.stderr
    archive = zipfile.ZipFile(io.BytesIO(octets))
    assert archive.testzip() is None, "a file in the zip is damaged"
    return [(item.filename, archive.read(item)) for item in archive.infolist()]


def whole():
    """Names in six scripts, twice the same, and such as lead out; empty and large; each as it was sent."""
    alice = Browser(*PEOPLE[0])
    letter, files = alice.letter("Files of all kinds")
    names = ["счёт.pdf", "請求書.pdf", "فاتورة.pdf", "חשבונית.pdf", "τιμολόγιο.pdf", "चालान.pdf", "été.TXT", "ÉTÉ.txt",
             "../../etc/passwd", "..\\..\\boot.ini", "/etc/shadow", "C:\\x\\y.txt", "..", ".", "", "a/../b", "CON.txt",
             "x\r\ny.txt", "x\u202egpj.exe", "n" * 400 + ".pdf", "large.bin"]
    assert len(files) == len(names), f"{len(files)} files"
    status, header, octets = alice.ask(address_of(letter, [(f["blobId"], n) for f, n in zip(files, names)]))
    assert (status, header["Content-Type"]) == (200, "application/zip"), f"{status} {header}"
    assert header["Content-Disposition"].startswith("attachment"), header
    assert "no-store" in header["Cache-Control"] and header["X-Content-Type-Options"] == "nosniff", header
    found = unpacked(octets)
    assert [len(data) for _, data in found] == [f["size"] for f in files], "sizes"
    for number, (name, data) in enumerate(found):
        expected = b"" if number == 3 else bytes([65 + number]) * (3_000_000 if number == 20 else 1000)
        assert data == expected, f"{name} is not as it was sent"
        assert not set(name) & set("/\\:\r\n\0\u202e") and name not in ("", ".", ".."), f"{name!r} leads out"
        assert len(name.encode()) <= 255, f"{name!r} is too long for a disk"
    given = [name for name, _ in found]
    assert given[:6] == names[:6], given
    assert len({name.lower() for name in given}) == len(given), f"two are the same on some disks: {given}"
    # What is asked for twice is there once, and in part it cannot be had.
    twice = unpacked(alice.ask(address_of(letter, [(files[0]["blobId"], "a")] * 2))[2])
    assert [name for name, _ in twice] == ["a"], twice
    status, header, part = alice.ask(address_of(letter, [(files[0]["blobId"], "a")]), None, {"Range": "bytes=0-3"})
    assert status == 200 and "Content-Range" not in header and unpacked(part) == unpacked(part), status


def refused():
    """Nobody has the files of others, and what was never there is not there."""
    alice, bob, nobody = Browser(*PEOPLE[0]), Browser(*PEOPLE[1]), Browser()
    letter, files = alice.letter("Files of all kinds")
    other, others = bob.letter("A picture")
    part = files[0]["blobId"]
    right = address_of(letter, [(part, "a")])
    assert alice.ask(right)[0] == 200
    assert bob.ask(right)[0] == 404, "another's files"
    assert nobody.ask(right)[0] == 401, "without a session"
    for wrong in ["m0", "m999999", "x", "m1%00", "..%2f..", "m-1", "m18446744073709551616", f"L{other[1:]}-0_9b", "L999999-0_9b"]:
        status = alice.ask(address_of(wrong, [(part, "a")]))[0]
        assert status in (400, 404), f"{wrong}: {status}"
    for wrong in [others[0]["blobId"], "", "m1", "L1", part.split("_")[0] + "_99999999999b"]:
        status = alice.ask(address_of(letter, [(wrong, "a")]))[0]
        small = alice.ask(f"/letter/{urllib.parse.quote(wrong)}/thumbnail")[0]
        assert status in (400, 404), f"{wrong}: {status}"
        assert small in (400, 404), f"{wrong}: {small}"
    assert alice.ask(f"/letter/{letter}/files.zip")[0] == 400, "no part"
    many = [(f"L{letter[1:]}-0_{n}b", "a") for n in range(1001)]
    assert alice.ask(address_of(letter, many))[0] in (400, 414, 431), "too many parts"
    picture = f"/letter/{others[0]['blobId']}/thumbnail"
    status, header, octets = bob.ask(picture)
    assert (status, header["Content-Type"]) == (200, "image/jpeg"), f"{status} {header}"
    assert octets.startswith(b"\xff\xd8") and "sandbox" in header["Content-Security-Policy"], header
    assert alice.ask(picture)[0] == 404, "another's picture"
    assert nobody.ask(picture)[0] == 401, "a picture without a session"
    for no_picture in others[1:]:
        assert bob.ask(f"/letter/{no_picture['blobId']}/thumbnail")[0] == 404, no_picture["type"]


def left():
    """Browsers that ask for something large and go away midway cost the next one nothing."""
    alice = Browser(*PEOPLE[0])
    letter, files = alice.letter("Something large")
    path = address_of(letter, [(f["blobId"], "large.bin") for f in files])
    for _ in range(12):
        away = socket.create_connection(("127.0.0.1", PORT), 60)
        away.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\nCookie: {alice.cookie}\r\n\r\n".encode())
        assert away.recv(12) == b"HTTP/1.1 200", "the answer begins"
        away.close()
    assert len(unpacked(alice.ask(path)[2])[0][1]) == files[0]["size"]


{"whole": whole, "refused": refused, "left": left}[STORY]()
