"""What a proxy sends that speaks the PROXY protocol: proxied.py PORT HEADER

Connects to the IMAPS door at PORT once for each line NAME<TAB>PASSWORD of the input, says HEADER (in hexadecimal) before TLS,
and prints what the log-in came to.
"""

import base64
import socket
import ssl
import sys

port, header = sys.argv[1:]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE

for line in sys.stdin:
    name, password = line.rstrip("\n").split("\t")
    try:
        plain = socket.create_connection(("127.0.0.1", int(port)), timeout=60)
        plain.sendall(bytes.fromhex(header))
        with context.wrap_socket(plain) as stream, stream.makefile("rwb") as lines:
            assert lines.readline().startswith(b"* OK")
            secret = base64.b64encode(("\0%s\0%s" % (name, password)).encode())
            lines.write(b"a AUTHENTICATE PLAIN " + secret + b"\r\n")
            lines.flush()
            answer = lines.readline()
            while answer and not answer.startswith(b"a "):
                answer = lines.readline()
            print(answer.decode().strip(), flush=True)
    except (OSError, AssertionError) as error:
        print("no connection:", type(error).__name__, flush=True)
