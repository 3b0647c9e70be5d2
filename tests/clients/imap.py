"""imaplib as a client: imap.py read PORT ADDRESS PASSWORD FOLDER COUNT

Waits until FOLDER holds COUNT letters (a minute at most) and prints all its letters as a JSON list.
"""

import imaplib
import json
import ssl
import sys
import time

what, port, address, password, folder, count = sys.argv[1:]
assert what == "read"

context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE

with imaplib.IMAP4_SSL("127.0.0.1", int(port), ssl_context=context) as server:
    # Not LOGIN, for which imaplib insists on ASCII.
    server.authenticate("PLAIN", lambda _: ("\0%s\0%s" % (address, password)).encode())
    deadline = time.monotonic() + 60
    status, answer = server.select('"%s"' % folder, readonly=True)
    assert status == "OK", answer
    while int(answer[0]) < int(count) and time.monotonic() < deadline:
        time.sleep(0.1)
        status, answer = server.select('"%s"' % folder, readonly=True)
    letters = []
    if int(answer[0]) > 0:
        status, rows = server.fetch("1:*", "(BODY.PEEK[])")
        assert status == "OK", rows
        letters = [row[1].decode("utf-8", "surrogateescape") for row in rows if isinstance(row, tuple)]
    json.dump(letters, sys.stdout)
