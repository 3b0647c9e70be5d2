#!/usr/bin/env python3
"""How long it takes a newcomer from a clean clone to the first letter read: clone, build, demo, send, read.

    packaging/first_letter.py                    clones this repository into a folder of its own and builds the program there
    packaging/first_letter.py --program FILE     begins with a program that is there

Prints the seconds of each step, and of all of them, as JSON. The demo has fixed ports, so no other may run. Nothing is left behind.
"""

import argparse
import email.message
import imaplib
import json
import pathlib
import resource
import smtplib
import ssl
import subprocess
import sys
import tempfile
import time

LONGEST = 120
REPOSITORY = pathlib.Path(__file__).resolve().parent.parent


class Clock:
    """Seconds of each step, in the order of the steps."""

    def __init__(self):
        self.steps, self.at = {}, time.monotonic()

    def lap(self, step):
        now = time.monotonic()
        self.steps[step], self.at = round(now - self.at, 2), now


def built(folder, clock):
    """Clones and builds as the README says; gives the program."""
    subprocess.run(["git", "clone", "--quiet", REPOSITORY, folder], check=True)
    clock.lap("clone")
    subprocess.run(["cargo", "build", "--quiet", "--release", "--locked"], cwd=folder, check=True)
    clock.lap("build")
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    clock.steps["build, seconds of processor"] = round(usage.ru_utime + usage.ru_stime)
    return pathlib.Path(folder, "target/release/facteur")


def trusting():
    """The demo shows certificates that it has made itself."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def port(office, door):
    return int(office["listen"][door].rsplit(":", 1)[1])


def send(office, to):
    sender = office["people"][0]
    letter = email.message.EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = sender["address"], to, "The first letter"
    letter.set_content("Bonjour !\n")
    with smtplib.SMTP("127.0.0.1", port(office, "submission"), timeout=LONGEST) as door:
        door.starttls(context=trusting())
        door.login(sender["address"], sender["password"])
        door.send_message(letter)


def read(office):
    """Waits until the letter is there, and reads it."""
    reader = office["people"][0]
    with imaplib.IMAP4_SSL("127.0.0.1", port(office, "imaps"), ssl_context=trusting(), timeout=LONGEST) as door:
        door.login(reader["address"], reader["password"])
        end = time.monotonic() + LONGEST
        while time.monotonic() < end:
            door.select("INBOX")
            found = door.search(None, "SUBJECT", '"The first letter"')[1][0].split()
            if found:
                text = door.fetch(found[0], "(BODY[TEXT])")[1][0][1]
                assert b"Bonjour" in text, text
                return
            time.sleep(0.05)
    sys.exit("the letter never came")


def measure(program, clock):
    demo = subprocess.Popen([program, "demo", "--json"], stdout=subprocess.PIPE, text=True)
    try:
        line = demo.stdout.readline()
        if not line:
            sys.exit("the demo did not begin")
        alpha, beta = json.loads(line)["offices"]
        clock.lap("demo until its doors are open")
        send(alpha, beta["people"][0]["address"])
        clock.lap("first letter sent")
        read(beta)
        clock.lap("first letter read by the other")
    finally:
        demo.terminate()
        demo.wait(LONGEST)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--program", type=pathlib.Path)
    asked, clock = options.parse_args(), Clock()
    with tempfile.TemporaryDirectory(prefix="facteur-first-letter-") as folder:
        program = asked.program or built(folder, clock)
        clock.at = time.monotonic()
        measure(program.resolve(), clock)
    total = sum(seconds for step, seconds in clock.steps.items() if "processor" not in step)
    print(json.dumps({**clock.steps, "all": round(total, 2)}, indent=2))


main()
