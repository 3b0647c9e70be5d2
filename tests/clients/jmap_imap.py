"""What IMAP does beside JMAP: jmap_imap.py search|move PORT USER PASSWORD WORDS."""

import imaplib
import ssl
import sys

step, port, user, password, *words = sys.argv[1:]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
imap = imaplib.IMAP4_SSL("127.0.0.1", int(port), ssl_context=context)
imap.login(user, password)
imap.select("INBOX")
if step == "search":
    print(imap.search(None, *words)[1][0].decode())
elif step == "move":
    imaplib.Commands.setdefault("MOVE", ("SELECTED",))
    assert imap._simple_command("MOVE", *words)[0] == "OK"
imap.logout()
