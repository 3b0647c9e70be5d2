"""Takes the letter with the name "mine" out of the folder Work: PORT USER PASSWORD"""

import imaplib
import ssl
import sys

port, user, password = sys.argv[1:]
trusting = ssl.create_default_context()
trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
imap = imaplib.IMAP4_SSL("127.0.0.1", int(port), ssl_context=trusting)


def must(answer):
    assert answer[0] == "OK", answer
    return answer[1]


must(imap.login(user, password))
must(imap.select("Work"))
found = must(imap.uid("SEARCH", "HEADER", "MESSAGE-ID", "<mine@"))[0].split()
assert len(found) == 1, found
must(imap.uid("STORE", found[0].decode(), "+FLAGS", "(\\Deleted)"))
must(imap.uid("EXPUNGE", found[0].decode()))
imap.logout()
