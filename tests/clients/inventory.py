"""Tells all letters of a mailbox: PORT USER PASSWORD

One object a letter: folder, Message-ID without its brackets and domain, flags and keywords,
INTERNALDATE (some servers write its day as " 1" and some as "01": here it is "1"), size.
"""

import imaplib
import json
import re
import ssl
import sys

imaplib._MAXLINE = 100_000_000


def must(answer):
    assert answer[0] == "OK", answer
    return answer[1]


def letters(imap, folder):
    count = int(must(imap.select(folder, readonly=True))[0])
    if not count:
        return
    items = "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"
    for answer in must(imap.fetch("1:*", items)):
        if not isinstance(answer, tuple):
            continue
        head, text = answer
        flags = re.search(rb"FLAGS \(([^)]*)\)", head).group(1).decode().split()
        name = re.search(rb"<([^@>]*)", text)
        yield {
            "folder": folder.strip('"'),
            "id": name.group(1).decode() if name else "",
            "flags": sorted(flag for flag in flags if flag != "\\Recent"),
            "date": re.search(rb'INTERNALDATE "([^"]*)"', head).group(1).decode().lstrip(" 0"),
            "size": int(re.search(rb"RFC822.SIZE (\d+)", head).group(1)),
        }


port, user, password = sys.argv[1:]
trusting = ssl.create_default_context()
trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
imap = imaplib.IMAP4_SSL("127.0.0.1", int(port), ssl_context=trusting)
must(imap.login(user, password))
found = []
for line in must(imap.list()):
    attributes, _, folder = re.match(rb"\(([^)]*)\) (\S+) (.*)", line).groups()
    if b"noselect" not in attributes.lower() and b"nonexistent" not in attributes.lower():
        folder = folder.decode()
        found.extend(letters(imap, folder if folder.startswith('"') else '"%s"' % folder))
imap.logout()
json.dump(found, sys.stdout)
