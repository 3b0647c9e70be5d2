"""Many letters through submission: flood.py PORT SOURCE FROM PASSWORD PREFIX LETTERS CONNECTIONS [RECIPIENTS]

Letter N goes from address SOURCE of this machine to PREFIX-N@elsewhere.test, or to RECIPIENTS such addresses (PREFIX-N-1, …).
Prints what each letter came to, as `PREFIX-N CODE`; letters of a connection that breaks off are left out.
"""

import smtplib
import ssl
import sys
import threading

port, source, sender, password, prefix, letters, connections, *more = sys.argv[1:]
recipients = int(more[0]) if more else 1
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
told = threading.Lock()


def send(numbers):
    try:
        server = smtplib.SMTP("127.0.0.1", int(port), local_hostname="client.test", source_address=(source, 0), timeout=60)
        server.starttls(context=context)
        server.login(sender, password)
        for number in numbers:
            name = f"{prefix}-{number}"
            to = [f"{name}@elsewhere.test"] if recipients == 1 else [f"{name}-{n}@elsewhere.test" for n in range(recipients)]
            letter = (
                f"From: <{sender}>\r\nTo: <{to[0]}>\r\nSubject: letter {name}\r\n"
                f"Date: Tue, 24 Nov 2026 06:22:57 +0000\r\nMessage-ID: <{name}@test>\r\n\r\nHello\r\n"
            )
            try:
                server.sendmail(sender, to, letter)
                code = 250
            except smtplib.SMTPResponseException as refusal:
                code = refusal.smtp_code
            with told:
                print(name, code, flush=True)
    except (OSError, smtplib.SMTPException):
        pass


numbers, connections = range(int(letters)), int(connections)
threads = [threading.Thread(target=send, args=(numbers[first::connections],)) for first in range(connections)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
