"""An HTTP server on loopback that misbehaves on request."""

import asyncio
import json
import threading
from contextlib import contextmanager, suppress


class Server:
    """Answers each question with the next of its planned behaviours; the last one stays."""

    def __init__(self, *behaviours):
        self.behaviours = list(behaviours)
        self.requests, self.times = [], []

    @property
    def prompts(self):
        """The last message of each request for a chat."""
        return [body["messages"][-1]["content"] for _, body in self.requests]

    async def serve(self, reader, writer):
        while head := await reader.readuntil(b"\r\n\r\n"):
            fields = dict(
                line.decode().lower().split(": ", 1) for line in head.split(b"\r\n")[1:] if line
            )
            body = json.loads(await reader.readexactly(int(fields["content-length"])))
            self.requests.append((fields, body))
            self.times.append(asyncio.get_running_loop().time())
            act = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
            if not await act(writer, body):
                break
        writer.close()


@contextmanager
def running(*behaviours):
    server = Server(*behaviours)
    started = threading.Event()

    async def main():
        writers = []

        async def serve(reader, writer):
            writers.append(writer)
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                await server.serve(reader, writer)

        listening = await asyncio.start_server(serve, "127.0.0.1", 0)
        server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
        server.loop, server.stop = asyncio.get_running_loop(), asyncio.Event()
        started.set()
        await server.stop.wait()
        listening.close()
        for writer in writers:
            writer.close()
        await asyncio.gather(*(w.wait_closed() for w in writers), return_exceptions=True)

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    started.wait()
    try:
        yield server
    finally:
        server.loop.call_soon_threadsafe(server.stop.set)
        thread.join()


def replies(status, body, *headers):
    async def act(writer, _):
        lines = [f"HTTP/1.1 {status} x", "Content-Type: application/json", *headers]
        writer.write("\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode())
        writer.write(body.encode())
        await writer.drain()
        return True

    return act


def says(answer, **more):
    """Completes a chat with a text, or with what a function makes of the last message: a text,
    or the status to fail with."""

    async def act(writer, body):
        said = answer(body["messages"][-1]["content"]) if callable(answer) else answer
        if isinstance(said, int):
            return await replies(said, "no")(writer, body)
        choices = [{"message": {"role": "assistant", "content": said}, "finish_reason": "stop"}]
        reply = {"model": "m-1", "choices": choices, **more}
        return await replies(200, json.dumps(reply))(writer, body)

    return act
