"""A small SMTP sink: takes everything as fast as it can, counts, and keeps nothing.

Run by the other programs: `python benchmarks/sink.py` prints its port, then at each line on standard input the count so far.
"""

import asyncio
import sys


class Sink(asyncio.Protocol):
    """One connection: EHLO with PIPELINING, and 250 for whatever comes."""

    count = 0

    def __init__(self) -> None:
        self.buffer = b""
        self.is_data = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        answers = []
        while True:
            end = b"\r\n.\r\n" if self.is_data else b"\r\n"
            at = self.buffer.find(end)
            if at < 0:
                break
            line, self.buffer = self.buffer[:at], self.buffer[at + len(end) :]
            answers.append(self.answer(line))
        if answers:
            self.transport.write(b"".join(answers))

    def answer(self, line: bytes) -> bytes:
        if self.is_data:
            self.is_data = False
            Sink.count += 1
            return b"250 2.0.0 taken\r\n"
        verb = line[:4].upper()
        if verb == b"EHLO":
            return b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 50000000\r\n"
        if verb == b"DATA":
            self.is_data = True
            return b"354 go\r\n"
        if verb == b"QUIT":
            self.transport.write(b"221 bye\r\n")
            self.transport.close()
            return b""
        return b"250 ok\r\n"


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(Sink.count, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
