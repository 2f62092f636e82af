#!/usr/bin/env python3
"""What stands around Drumbeat in a company: a mail server that keeps what it gets, and a proxy with TLS before the pages.

Usage: mailroom.py CERTIFICATE KEY PASSWORD FOLDER

Mails come by smtps on port 465, for whoever knows the password, and lie in FOLDER as they came, numbered. What asks on
port 443 is led to 127.0.0.1:8087. Both on the loopback alone.
"""

import asyncio
import base64
import ssl
import sys
from pathlib import Path

PAGES = ("127.0.0.1", 8087)


class Mail:
    """As much of SMTP (RFC 5321) as submission takes."""

    def __init__(self, password, folder):
        self.password, self.folder = password, folder
        self.count = 0

    async def serve(self, reader, writer):
        self.is_known = False
        await self.say(writer, "220 mail ready")
        while line := (await reader.readline()).decode("ascii", "replace").strip():
            verb, _, rest = line.partition(" ")
            match verb.upper():
                case "EHLO":
                    await self.say(writer, "250-mail", "250-AUTH PLAIN LOGIN", "250-8BITMIME", "250 SMTPUTF8")
                case "AUTH":
                    is_right = await self.is_right(reader, writer, rest)
                    self.is_known |= is_right
                    await self.say(writer, "235 welcome" if is_right else "535 no such user or password")
                case "MAIL" if not self.is_known:
                    await self.say(writer, "530 who are you?")
                case "DATA":
                    await self.say(writer, "354 go on")
                    self.keep(await self.content(reader))
                    await self.say(writer, "250 kept")
                case "QUIT":
                    await self.say(writer, "221 bye")
                    break
                case _:
                    await self.say(writer, "250 ok")
        writer.close()

    async def say(self, writer, *lines):
        writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await writer.drain()

    async def is_right(self, reader, writer, said):
        method, _, first = said.partition(" ")
        if method.upper() == "LOGIN":
            for ask in ["VXNlcm5hbWU6", "UGFzc3dvcmQ6"]:
                await self.say(writer, f"334 {ask}")
                first = (await reader.readline()).decode().strip()
        return base64.b64decode(first).split(b"\0")[-1].decode() == self.password

    async def content(self, reader):
        lines = []
        while (line := await reader.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    def keep(self, content):
        self.count += 1
        path = self.folder / f"{self.count:02}.eml"
        path.with_suffix(".part").write_bytes(content)
        path.with_suffix(".part").rename(path)


async def pass_on(reader, writer):
    there = await asyncio.open_connection(*PAGES)

    async def copy(source, sink):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        sink.close()

    await asyncio.gather(copy(reader, there[1]), copy(there[0], writer), return_exceptions=True)


async def main(certificate, key, password, folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    Path(folder).mkdir(parents=True, exist_ok=True)
    mail = Mail(password, Path(folder))
    servers = [await asyncio.start_server(mail.serve, "127.0.0.1", 465, ssl=context),
               await asyncio.start_server(pass_on, "127.0.0.1", 443, ssl=context)]
    await asyncio.gather(*(server.serve_forever() for server in servers))


if len(sys.argv) != 5:
    sys.exit(__doc__)
asyncio.run(main(*sys.argv[1:]))
