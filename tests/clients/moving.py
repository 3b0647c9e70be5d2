"""Mailboxes as Python sees them: moving.py WHAT ...

imap PORT ADDRESS PASSWORD   prints all letters over IMAP: a JSON list of [folder, message-id, flags, seconds]
fill PORT ADDRESS PASSWORD   appends letters with flags, keywords and dates to folders of a foreign server
mbox FILE                    prints what the module mailbox reads from an mbox: [message-id, flags, subject]
maildir FOLDER               the same from a Maildir and its folders: [folder, message-id, flags, seconds]
letters FILE FIRST COUNT     writes an mbox of generated letters
bomb FILE                    writes a zip whose mbox unpacks to 600 MB of nothing
slip FILE                    writes a zip with letters whose names lead out of it
"""

import calendar
import imaplib
import json
import mailbox
import os
import re
import ssl
import sys
import time
import zipfile


def connect(port, address, password):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    server = imaplib.IMAP4_SSL("127.0.0.1", int(port), ssl_context=context)
    server.authenticate("PLAIN", lambda _: ("\0%s\0%s" % (address, password)).encode())
    return server


def imap(port, address, password):
    server = connect(port, address, password)
    found = []
    _, folders = server.list()
    for row in folders:
        name = re.match(rb'\(.*?\) "?.*?"? (.*)', row).group(1).decode().strip('"')
        status, count = server.select('"%s"' % name, readonly=True)
        assert status == "OK", count
        if int(count[0]) == 0:
            continue
        _, rows = server.fetch("1:*", "(FLAGS INTERNALDATE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")
        for row in rows:
            if not isinstance(row, tuple):
                continue
            flags = sorted(re.search(rb"FLAGS \((.*?)\)", row[0]).group(1).decode().split())
            flags = [flag for flag in flags if flag != "\\Recent"]
            seconds = calendar.timegm(time.gmtime(time.mktime(imaplib.Internaldate2tuple(row[0]))))
            ids = re.search(rb"<(.*?)>", row[1])
            found.append([name, ids.group(1).decode() if ids else "", flags, seconds])
    return sorted(found)


def fill(port, address, password):
    server = connect(port, address, password)
    for folder in ["Projets", "Projets/Maison", "Vide", "Sent"]:
        server.create('"%s"' % folder)
    server.create('"&AMk-t&AOk-"')
    places = [
        ("INBOX", "one", "", "01-Jan-2020 10:00:00 +0000"),
        ("INBOX", "two", r"(\Seen \Answered $Forwarded facture)", "02-Jan-2020 10:00:00 +0000"),
        ("Projets", "three", r"(\Flagged)", "03-Jan-2020 10:00:00 +0100"),
        ("Projets/Maison", "four", r"(\Seen travaux)", "04-Jan-2020 10:00:00 +0000"),
        ("Sent", "five", r"(\Seen)", "05-Jan-2020 10:00:00 +0000"),
        ("&AMk-t&AOk-", "six", r"(\Draft \Deleted)", "06-Jan-2020 10:00:00 +0000"),
    ]
    for folder, name, flags, date in places:
        text = "From: a@b.test\r\nSubject: %s\r\nMessage-ID: <%s@dovecot.test>\r\n\r\nhello\r\n" % (name, name)
        status, answer = server.append('"%s"' % folder, flags, '"%s"' % date, text.encode())
        assert status == "OK", answer
    server.logout()
    return []


def read_mbox(path):
    box = mailbox.mbox(path, create=False)
    return [[m["Message-ID"], m.get_flags(), m["Subject"]] for m in box]


def read_maildir(path):
    root = mailbox.Maildir(path, create=False)
    found = []
    for name in [None] + root.list_folders():
        box = root if name is None else root.get_folder(name)
        for m in box:
            found.append([name or "INBOX", m["Message-ID"], m.get_flags(), int(m.get_date())])
    return sorted(found)


def letters(path, first, count):
    with open(path, "w") as out:
        for number in range(int(first), int(first) + int(count)):
            out.write("From a@b.test Tue Nov 24 12:00:00 2026\n")
            out.write("From: a@b.test\nSubject: letter %d\nMessage-ID: <m%d@test>\n\n" % (number, number))
            out.write(("line of letter %d that is as long as lines are\n" % number) * 60 + "\n")
    return []


def bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("a-bomb.mbox", "w") as entry:
            entry.write(b"From a@b.test Tue Nov 24 12:00:00 2026\nSubject: x\n\n")
            for _ in range(600):
                entry.write(bytes(1 << 20))
        archive.writestr("b-good.eml", "Subject: good\nMessage-ID: <good@test>\n\nhi\n")
    return []


def slip(path):
    with zipfile.ZipFile(path, "w") as archive:
        for place in ["../../evil.eml", "/etc/evil.eml", "a/../../b/evil.eml", "..\\evil.eml", "ok/fine.eml"]:
            archive.writestr(place, "Subject: %s\nMessage-ID: <%d@test>\n\nhi\n" % (place, len(place)))
    return []


what, arguments = sys.argv[1], sys.argv[2:]
verbs = dict(imap=imap, fill=fill, mbox=read_mbox, maildir=read_maildir, letters=letters, bomb=bomb, slip=slip)
json.dump(verbs[what](*arguments), sys.stdout)
