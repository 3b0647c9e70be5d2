"""smtplib as a client: smtp.py submit[:PARAMETER]|submit-tls|hand-in PORT FROM PASSWORD TO…   (letter on standard input)

Prints the answer to DATA, or the refusal, and ends with 1 when any recipient or the letter was refused.
"""

import base64
import smtplib
import ssl
import sys

how, port, sender, password, *recipients = sys.argv[1:]
how, _, parameter = how.partition(":")
letter = sys.stdin.buffer.read()

context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE

if how == "submit-tls":
    server = smtplib.SMTP_SSL("127.0.0.1", int(port), local_hostname="client.test", context=context)
else:
    server = smtplib.SMTP("127.0.0.1", int(port), local_hostname="client.test")
with server:
    server.ehlo()
    if how == "submit":
        server.starttls(context=context)
        server.ehlo()
    if how != "hand-in" and sender.isascii():
        server.login(sender, password)
    elif how != "hand-in":
        # login() itself can only say names in ASCII.
        plain = base64.b64encode(f"\0{sender}\0{password}".encode()).decode()
        code, text = server.docmd("AUTH", f"PLAIN {plain}")
        if code != 235:
            raise smtplib.SMTPAuthenticationError(code, text)
    options = [parameter] if parameter else []
    if server.has_extn("8bitmime"):
        options.append("BODY=8BITMIME")
    if any(not address.isascii() for address in [sender, *recipients]):
        options.append("SMTPUTF8")
        server.command_encoding = "utf-8"
    try:
        refused = server.sendmail(sender, recipients, letter, mail_options=options)
    except smtplib.SMTPResponseException as refusal:
        print(refusal.smtp_code, refusal.smtp_error.decode())
        sys.exit(1)
    except smtplib.SMTPRecipientsRefused as refusal:
        refused = refusal.recipients
    for address, (code, text) in refused.items():
        print(address, code, text.decode())
    sys.exit(1 if refused else 0)
