"""Changes a mailbox at random, or tells all that is in it.

churn.py change PORT USER PASSWORD SEED   some letters come, some get flags, some go
churn.py tell   PORT USER PASSWORD        {folder: {Message-ID: [flag, …]}} as JSON
"""

import imaplib
import json
import random
import re
import ssl
import sys

FOLDERS = ["INBOX", "Lists", "Lists/Rust & Mail"]
FLAGS = ["\\Seen", "\\Flagged", "\\Answered", "\\Draft", "important"]


def connect(port, user, password):
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    imap = imaplib.IMAP4_SSL("127.0.0.1", int(port), ssl_context=trusting)
    must(imap.login(user, password))
    return imap


def must(answer):
    assert answer[0] == "OK", answer
    return answer[1]


def quoted(folder):
    # "&" is written "&-" in modified UTF-7 (RFC 3501 §5.1.3).
    return '"%s"' % folder.replace("&", "&-")


def letter(name):
    text = "From: carol@elsewhere.test\r\nTo: alice@alpha.test\r\nSubject: %s\r\nMessage-ID: <%s@churn.test>\r\n\r\nIt is %s.\r\n"
    return (text % (name, name, name)).encode()


def change(imap, seed):
    dice = random.Random(seed)
    for folder in FOLDERS:
        imap.create(quoted(folder))
        must(imap.select(quoted(folder)))
        for i in range(dice.randrange(1, 8)):
            flags = dice.sample(FLAGS, dice.randrange(0, 3))
            name = "s%s-%s-%d" % (seed, FOLDERS.index(folder), i)
            must(imap.append(quoted(folder), "(%s)" % " ".join(flags), None, letter(name)))
        must(imap.noop())
        uids = must(imap.uid("search", "ALL"))[0].split()
        for uid in dice.sample(uids, len(uids) // 3):
            how = dice.choice(["+FLAGS.SILENT", "-FLAGS.SILENT", "FLAGS.SILENT"])
            must(imap.uid("store", uid, how, "(%s)" % dice.choice(FLAGS)))
        for uid in dice.sample(uids, len(uids) // 5):
            must(imap.uid("store", uid, "+FLAGS.SILENT", "(\\Deleted)"))
        must(imap.expunge())


def tell(imap):
    told = {}
    for folder in FOLDERS:
        must(imap.select(quoted(folder), readonly=True))
        letters = told.setdefault(folder, {})
        if not must(imap.search(None, "ALL"))[0]:
            continue
        answers = must(imap.fetch("1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"))
        for head, text in (answer for answer in answers if isinstance(answer, tuple)):
            flags = re.search(rb"FLAGS \(([^)]*)\)", head).group(1).decode().split()
            name = re.search(rb"<(.*)@churn", text).group(1).decode()
            assert name not in letters, "%s is there twice" % name
            letters[name] = sorted(flag for flag in flags if flag != "\\Recent")
    return told


action, port, user, password = sys.argv[1:5]
imap = connect(port, user, password)
if action == "change":
    change(imap, sys.argv[5])
else:
    print(json.dumps(tell(imap), sort_keys=True))
imap.logout()
