"""Puts letters into a folder of a Dovecot of the tests: PORT USER FOLDER COUNT FLAGS."""

import imaplib
import ssl
import sys

port, user, folder, count, flags = sys.argv[1:]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
box = imaplib.IMAP4_SSL("127.0.0.1", int(port), ssl_context=context)
box.login(user, "secret")
if folder != "INBOX":
    box.create(folder)
    box.subscribe(folder)
begin = int(box.status(folder, "(MESSAGES)")[1][0].split()[-1].rstrip(b")"))
for i in range(begin, begin + int(count)):
    name = f"{folder.replace('/', '-')}-{i}"
    line = f"{name} is a line that makes the letter long enough to be taken for a real one.\r\n"
    letter = (
        f"From: <carol@elsewhere.test>\r\nTo: <{user}@dovecot.test>\r\nSubject: letter {name}\r\n"
        f"Date: Tue, 24 Nov 2026 06:22:57 +0000\r\nMessage-ID: <{name}@test>\r\n\r\n" + line * 20
    )
    box.append(folder, flags, '"01-Feb-2020 03:04:05 +0000"', letter.encode())
box.logout()
