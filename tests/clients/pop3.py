"""poplib as a client: pop3.py WHAT PORT ADDRESS PASSWORD

read    prints all letters over TLS from the first octet, as a JSON list
stls    the same over STLS, with UTF8
names   prints the unique-ids as a JSON list
take    retrieves and deletes every letter, and quits
hold    retrieves and deletes every letter, says so on standard output, waits for a line, and quits
mark    the same without retrieving
"""

import json
import poplib
import ssl
import sys

what, port, address, password = sys.argv[1:]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE

if what == "stls":
    server = poplib.POP3("127.0.0.1", int(port), timeout=60)
    assert "STLS" in server.capa() and "USER" not in server.capa()
    server.stls(context)
    assert "STLS" not in server.capa()
    server.utf8()
else:
    server = poplib.POP3_SSL("127.0.0.1", int(port), timeout=60, context=context)
server.user(address)
server.pass_(password)
count, octets = server.stat()


def letter(number):
    _, lines, size = server.retr(number)
    text = b"\r\n".join(lines) + b"\r\n"
    assert len(text) == int(server.list(number).split()[2]), "LIST and RETR differ"
    return text.decode("utf-8", "surrogateescape")


if what in ("read", "stls"):
    letters = [letter(number) for number in range(1, count + 1)]
    assert sum(len(text.encode("utf-8", "surrogateescape")) for text in letters) == octets
    json.dump(letters, sys.stdout)
elif what == "names":
    json.dump([line.split()[1].decode() for line in server.uidl()[1]], sys.stdout)
else:
    for number in range(1, count + 1):
        if what != "mark":
            letter(number)
        server.dele(number)
    if what != "take":
        print("marked", flush=True)
        sys.stdin.readline()
server.quit()
