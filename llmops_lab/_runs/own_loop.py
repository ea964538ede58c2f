"""An event loop of our own, in a thread, so that a notebook's running loop is no obstacle."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Thread
from typing import Any

_LOOK_EVERY_S = 0.1


def run_in_own_loop(work: Coroutine[Any, Any, None], *, threads: int) -> bool:
    """Run `work` to its end; False when the user interrupted it, which cancels it.

    Inside, `asyncio.to_thread` has `threads` threads. A blocking call that is under way at an
    interrupt is left behind, not waited for; a second interrupt leaves everything behind.
    """
    loop = asyncio.new_event_loop()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="llmops-eval")
    loop.set_default_executor(pool)
    task = loop.create_task(work)
    finished = Event()
    try:
        Thread(target=_finish, args=(loop, task, finished), daemon=True).start()
        _wait(finished)
    except KeyboardInterrupt:
        with suppress(RuntimeError):  # the loop is closed: all was done when the interrupt came
            loop.call_soon_threadsafe(task.cancel)
        _wait(finished)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    if not task.cancelled():
        task.result()
    return not task.cancelled()


def _wait(finished: Event) -> None:
    """Wait, and look for an interrupt meanwhile.

    Python acts on a signal in its main thread, and the system may hand it to another one: without
    a time limit the main thread would sleep on until the work is done.
    """
    while not finished.wait(_LOOK_EVERY_S):
        pass


async def work_together(
    worker: Callable[[], Coroutine[Any, Any, None]], n: int, *, parts: Iterable[object]
) -> None:
    """Let `n` workers run to their end; then `parts` that hold connections give them up."""
    workers = [asyncio.create_task(worker()) for _ in range(n)]
    try:
        await asyncio.gather(*workers)
    finally:
        for each in workers:
            each.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        # A target or judge that holds connections gives them up with this event loop.
        for part in parts:
            if close := getattr(part, "close", None):
                await close()


def _finish(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[None]", finished: Event) -> None:
    try:
        # What went wrong stays in the task, for the thread that waits for it.
        with suppress(BaseException):
            loop.run_until_complete(task)
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
        finished.set()
