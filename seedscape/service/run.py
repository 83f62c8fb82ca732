"""Start the service, and end it well: the order of things around uvicorn."""

import asyncio
import fcntl
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import uvicorn

from seedscape.assets.errors import RequestError
from seedscape.cli.say import say
from seedscape.service.app import make_app
from seedscape.service.core import Core
from seedscape.service.logs import set_up_logs
from seedscape.service.protocol import guarded
from seedscape.service.settings import MAX_HEADER_BYTES, Settings, read_tokens, require_safe
from seedscape.service.tls import certificate

BACKLOG = 512
LAST_ANSWERS_S = 5  # for clients that still read when everything else has ended
LOCK_NAME = "service.lock"
SWITCH_S = 0.001  # threads of this process give way to the event loop after so long, not after Python's 5 ms


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT (twice: at once); 0. RequestError: the settings cannot be served."""
    require_safe(settings)
    tokens = read_tokens(settings.token_file) if settings.token_file is not None else ()
    settings.store.mkdir(exist_ok=True) if settings.store.parent.is_dir() else None
    with _locked(settings.store), _listening(settings) as listener:
        files = certificate(settings)
        core = Core(settings)
        set_up_logs()
        config = uvicorn.Config(
            make_app(core, tokens), http=guarded(settings), ws="none", lifespan="off", loop="asyncio",
            log_config=None, access_log=False, proxy_headers=False, server_header=False, backlog=BACKLOG,
            timeout_keep_alive=max(1, round(settings.header_s)), timeout_graceful_shutdown=LAST_ANSWERS_S,
            h11_max_incomplete_event_size=MAX_HEADER_BYTES,
            ssl_certfile=files[0] if files else None, ssl_keyfile=files[1] if files else None,
        )  # fmt: skip
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        host, port = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        say(f"{'https' if files else 'http'}://{shown}:{port}/")
        asyncio.run(_serve(core, config, listener))
    return 0


async def _serve(core: Core, config: uvicorn.Config, listener: socket.socket) -> None:
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()  # what was made so far stays: looking through it again would hold up the loop for tens of milliseconds
    server = _Server(config, core)
    core.connections = server.server_state.connections
    await core.start()
    try:
        await server.serve(sockets=[listener])
    finally:
        await core.stop()


class _Server(uvicorn.Server):
    """uvicorn's server, which drains the jobs before it stops listening."""

    def __init__(self, config: uvicorn.Config, core: Core) -> None:
        super().__init__(config)
        self._core = core
        self._asked = 0
        self._loop = asyncio.get_running_loop()
        self._ending: asyncio.Task[None] | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT are the service's; uvicorn would raise them again at the end."""
        numbers = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._asked += 1
        if self._asked > 1:
            self.should_exit = self.force_exit = True
        else:
            self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        async def drain() -> None:
            try:
                await self._core.drain()
            finally:
                self.should_exit = True

        self._ending = asyncio.create_task(drain())


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    """The listening socket. RequestError: the address cannot be had."""
    with ExitStack() as stack:
        try:
            found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            family, kind, protocol, _, address = found[0]
            listener = stack.enter_context(socket.socket(family, kind, protocol))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(BACKLOG)
        except (OSError, OverflowError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise RequestError(
                f"expected an address to listen at, got {settings.host}:{settings.port}: {reason}"
            ) from None
        yield listener


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the store for this service alone. RequestError: another holds it, or it is no folder."""
    try:
        descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise RequestError(f"--store: expected a folder to write to, got {str(folder)!r}: {error.strerror}") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RequestError(f"--store: expected a store that no other service uses, got {str(folder)!r}") from None
        yield
    finally:
        os.close(descriptor)
