"""IMAPClient, driven."""

import email
import email.policy
import ssl
import time

import driven
from imapclient import IMAPClient


class Steps:
    def __init__(self, door):
        trust = ssl.create_default_context(cafile=door.certificate)
        self.imap = IMAPClient(driven.HOST, door.imaps, ssl_context=trust, timeout=60)
        self.imap.login(door.address, door.password)
        # From here on SELECT tells HIGHESTMODSEQ in any case.
        self.imap.enable("CONDSTORE")

    def folders(self):
        rows = self.imap.list_folders()
        return sorted(name for flags, _, name in rows if b"\\Noselect" not in flags)

    def make(self, folder):
        self.imap.create_folder(folder)

    def rename(self, folder, to):
        self.imap.rename_folder(folder, to)

    def drop(self, folder):
        self.imap.delete_folder(folder)

    def find(self, folder, text):
        self.imap.select_folder(folder)
        return [[folder, uid] for uid in self.imap.search(["TEXT", text], charset="UTF-8")]

    def read(self, handle):
        uid = self.at(handle)
        octets = self.imap.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"]
        letter = email.message_from_bytes(octets, policy=email.policy.default)
        envelope = self.imap.fetch([uid], ["ENVELOPE"])[uid][b"ENVELOPE"]
        assert envelope.message_id.decode() == letter["message-id"]
        return driven.shown(letter)

    def mark(self, handle, flag, on):
        change = self.imap.add_flags if on else self.imap.remove_flags
        change([self.at(handle)], [flag])

    def move(self, handle, folder):
        self.imap.move([self.at(handle)], folder)
        return self.newest(folder)

    def copy(self, handle, folder):
        self.imap.copy([self.at(handle)], folder)
        return self.newest(folder)

    def add(self, folder, letter, flags):
        self.imap.append(folder, driven.octets(letter), flags)
        return self.newest(folder)

    def destroy(self, handle):
        uid = self.at(handle)
        self.imap.delete_messages([uid])
        self.imap.uid_expunge([uid])

    def state(self, folder):
        return self.imap.select_folder(folder)[b"HIGHESTMODSEQ"]

    def since(self, folder, state):
        self.imap.select_folder(folder)
        changed = self.imap.fetch(self.imap.search(), ["ENVELOPE"], modifiers=["CHANGEDSINCE %d" % state])
        return sorted(row[b"ENVELOPE"].message_id.decode().strip("<>") for row in changed.values())

    def listen(self, folder):
        self.imap.select_folder(folder)
        self.imap.idle()
        return "listening"

    def heard(self):
        until, told = time.monotonic() + 60, []
        while not any(b"EXISTS" in row for row in told) and time.monotonic() < until:
            told += self.imap.idle_check(timeout=60)
        self.imap.idle_done()
        return any(b"EXISTS" in row for row in told)

    def leave(self):
        self.imap.logout()

    def at(self, handle):
        folder, uid = handle
        self.imap.select_folder(folder)
        return uid

    def newest(self, folder):
        self.imap.select_folder(folder)
        return [folder, max(self.imap.search())]


driven.serve(Steps(driven.Door()))
