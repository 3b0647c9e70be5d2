"""Checks SPF questions with pyspf: one JSON object a line on standard input, one result a line on standard output."""

import json
import socket
import sys

import spf


def lookup(zone):
    def records(name, kind, strict=True, timeout=None):
        for found, value in zone.get(name.lower().rstrip("."), []):
            if found == "TIMEOUT":
                raise spf.TempError("DNS timeout")
            if found != kind:
                continue
            if kind == "AAAA":
                value = socket.inet_pton(socket.AF_INET6, value)
            elif kind == "MX":
                value = (10, value)
            elif kind == "TXT":
                value = (value.encode("latin-1"),)
            yield ((name, kind), value)

    return records


for line in sys.stdin:
    case = json.loads(line)
    spf.DNSLookup = lookup(case["zone"])
    query = spf.query(i=case["ip"], s=case["mail_from"], h=case["helo"], strict=True)
    print(query.check()[0])
