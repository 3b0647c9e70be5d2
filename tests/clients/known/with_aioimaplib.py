"""aioimaplib, driven."""

import asyncio
import email
import email.policy
import re
import ssl

import aioimaplib
import driven


class Steps:
    def __init__(self, door):
        self.loop = asyncio.new_event_loop()
        trust = ssl.create_default_context(cafile=door.certificate)
        self.door, self.trust = door, trust
        self.loop.run_until_complete(self.begin())

    async def begin(self):
        self.imap = aioimaplib.IMAP4_SSL(driven.HOST, self.door.imaps, ssl_context=self.trust, timeout=60)
        await self.imap.wait_hello_from_server()
        must(await self.imap.login(self.door.address, self.door.password))
        must(await self.imap.enable("CONDSTORE"))

    def wait(self, answer):
        return must(self.loop.run_until_complete(answer))

    def folders(self):
        rows = self.wait(self.imap.list('""', "*"))
        found = [re.match(rb'\(([^)]*)\) "/" (.*)', row) for row in rows]
        return sorted(driven.plain(row.group(2).decode()) for row in found if row and b"\\Noselect" not in row.group(1))

    def make(self, folder):
        self.wait(self.imap.create(driven.quoted(folder)))

    def rename(self, folder, to):
        self.wait(self.imap.rename(driven.quoted(folder), driven.quoted(to)))

    def drop(self, folder):
        self.wait(self.imap.delete(driven.quoted(folder)))

    def find(self, folder, text):
        self.select(folder)
        found = self.wait(self.imap.uid_search("TEXT", '"%s"' % text))[0]
        return [[folder, int(uid)] for uid in found.split()]

    def read(self, handle):
        rows = self.wait(self.imap.uid("fetch", self.at(handle), "BODY.PEEK[]"))
        letter = max(rows, key=len)
        return driven.shown(email.message_from_bytes(bytes(letter), policy=email.policy.default))

    def mark(self, handle, flag, on):
        self.wait(self.imap.uid("store", self.at(handle), "+FLAGS" if on else "-FLAGS", "(%s)" % flag))

    def move(self, handle, folder):
        self.wait(self.imap.uid("move", self.at(handle), driven.quoted(folder)))
        return self.newest(folder)

    def copy(self, handle, folder):
        self.wait(self.imap.uid("copy", self.at(handle), driven.quoted(folder)))
        return self.newest(folder)

    def add(self, folder, letter, flags):
        self.wait(self.imap.append(driven.octets(letter), driven.quoted(folder), "(%s)" % " ".join(flags)))
        return self.newest(folder)

    def destroy(self, handle):
        self.wait(self.imap.uid("store", self.at(handle), "+FLAGS", "(\\Deleted)"))
        self.wait(self.imap.uid("expunge", str(handle[1])))

    def state(self, folder):
        rows = self.select(folder)
        return next(int(found.group(1)) for row in rows if (found := re.search(rb"HIGHESTMODSEQ (\d+)", row)))

    def since(self, folder, state):
        self.select(folder)
        # As one string: the library has no word for what stands behind the items.
        wanted = "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]) (CHANGEDSINCE %d)" % state
        rows = self.wait(self.imap.uid("fetch", "1:*", wanted))
        found = [re.search(rb"(?im)^message-id:\s*<([^>]*)>", row) for row in rows]
        return sorted(row.group(1).decode() for row in found if row)

    def listen(self, folder):
        self.select(folder)
        # The library runs its own task for it, and has to be let run.
        self.idle = self.loop.run_until_complete(self.imap.idle_start(timeout=60))
        return "listening"

    def heard(self):
        told = []
        while not any(b"EXISTS" in row for row in told):
            told = self.loop.run_until_complete(self.imap.wait_server_push(timeout=60))
        self.imap.idle_done()
        self.loop.run_until_complete(asyncio.wait_for(self.idle, 60))
        return True

    def leave(self):
        self.wait(self.imap.logout())

    def select(self, folder):
        return self.wait(self.imap.select(driven.quoted(folder)))

    def at(self, handle):
        folder, uid = handle
        self.select(folder)
        return str(uid)

    def newest(self, folder):
        self.select(folder)
        return [folder, max(int(uid) for uid in self.wait(self.imap.uid_search("ALL"))[0].split())]


def must(answer):
    assert answer.result == "OK", answer
    return answer.lines


driven.serve(Steps(driven.Door()))
