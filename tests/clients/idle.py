"""Two connections of one person: idle.py IMAPS SMTP ADDRESS PASSWORD

The first idles; a letter comes in, then the second connection flags and expunges it. Each must be seen within two seconds.
"""

import imaplib
import smtplib
import socket
import ssl
import sys

imaps, smtp, address, password = sys.argv[1:]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE


def connect():
    server = imaplib.IMAP4_SSL("127.0.0.1", int(imaps), ssl_context=context)
    server.login(address, password)
    server.select("INBOX")
    return server


watching, working = connect(), connect()
watching.send(b"X IDLE\r\n")
assert watching.readline().startswith(b"+"), "IDLE was not taken"
watching.sock.settimeout(2)


def expect(what):
    while True:
        try:
            line = watching.readline()
        except (socket.timeout, TimeoutError):
            sys.exit("nothing said %r within two seconds" % what)
        if what in line:
            return


with smtplib.SMTP("127.0.0.1", int(smtp), local_hostname="client.test") as server:
    server.sendmail("carol@elsewhere.test", [address], "Subject: now\r\n\r\nnow\r\n")
expect(b"1 EXISTS")
working.noop()
working.store("1", "+FLAGS", r"(\Flagged \Deleted)")
expect(b"\\Flagged")
working.expunge()
expect(b"1 EXPUNGE")
watching.send(b"DONE\r\n")
expect(b"X OK")
