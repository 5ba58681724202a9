"""A function as ``handle(request)``, or an ASGI application, over ``wasi:http``.

The module that componentize-py builds names what serves::

    from faas import Response, serve

    def handle(request):
        return Response.json({"path": request.path})

    IncomingHandler = serve(handle)          # or serve_asgi(app)

This is one file of the standard library alone, so that a project holds it beside its own. Without a host (in tests) it imports too:
only what :func:`serve` returns needs one. Code at the top level of a module runs when the component is built, not when it serves.
"""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

try:
    import wit_world
    from componentize_py_types import Err, Ok
    from poll_loop import PollLoop
    from wit_world.imports import environment, monotonic_clock, streams, types
except ImportError:  # Tests run without a host.
    wit_world = None
    PollLoop = object

__all__ = ["Request", "Response", "serve", "serve_asgi"]

CHUNK_BYTES = 64 * 1024
_METHODS = ("Get", "Head", "Post", "Put", "Delete", "Connect", "Options", "Trace", "Patch")


class Request:
    """One request. ``target`` is a path with an optional query, like ``/a?b=c``."""

    def __init__(
        self,
        method: str = "GET",
        target: str = "/",
        headers: Iterable[tuple[str, str]] = (),
        body: bytes | Iterable[bytes] = b"",
        env: dict[str, str] | None = None,
    ) -> None:
        parts = urlsplit("http://localhost" + target)
        #: In capitals.
        self.method = method
        #: Below the function's route, decoded; starts with a slash.
        self.path = unquote(parts.path) or "/"
        #: Undecoded, without the question mark.
        self.query_string = parts.query
        #: In their order, with repetitions; names in lower case.
        self.headers = [(name.lower(), value) for name, value in headers]
        #: The variables that the function was deployed with.
        self.env = env or {}
        self._body = body

    def query(self, name: str, default: str | None = None) -> str | None:
        """The first value of a query parameter, decoded."""
        return parse_qs(self.query_string, keep_blank_values=True).get(name, [default])[0]

    def header(self, name: str, default: str | None = None) -> str | None:
        """The first value of a header, its name in any case."""
        name = name.lower()
        return next((value for key, value in self.headers if key == name), default)

    def stream(self) -> Iterator[bytes]:
        """The body in pieces, as it arrives. Once only."""
        body, self._body = self._body, b""
        if isinstance(body, bytes):
            return iter((body,) if body else ())
        return iter(body)

    def body(self) -> bytes:
        """The whole body."""
        self._body = b"".join(self.stream())
        return self._body

    def json(self) -> Any:
        """The body as JSON. Raises ``ValueError`` if it is none."""
        return json.loads(self.body())


class Response:
    """One answer. ``body`` is text, bytes, or an iterable of bytes, which is sent piece by piece."""

    def __init__(
        self,
        body: str | bytes | Iterable[bytes] = b"",
        status: int = 200,
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        self.status = status
        self.headers = list(headers)
        if isinstance(body, str):
            body = body.encode()
            self._default("content-type", "text/plain; charset=utf-8")
        self.body = body

    @classmethod
    def json(cls, value: Any, status: int = 200) -> Response:
        """JSON of a value."""
        return cls(json.dumps(value).encode(), status, [("content-type", "application/json")])

    def _default(self, name: str, value: str) -> None:
        if all(key.lower() != name for key, _ in self.headers):
            self.headers.append((name, value))


Handler = Callable[[Request], "Response | str | dict | list"]


def serve(handle: Handler) -> type:
    """What componentize-py exports as ``IncomingHandler``.

    ``handle`` may return a :class:`Response`, text, or a dictionary or list, which becomes JSON. What it raises is written to the function's log
    and answered with status 500.
    """

    def answer(request: Request, outparam: Any) -> None:
        try:
            response = _as_response(handle(request))
        except Exception:
            traceback.print_exc()
            response = Response("the function failed\n", 500)
        body = response.body
        pieces = (body,) if isinstance(body, bytes) else body
        if isinstance(body, bytes):
            response._default("content-length", str(len(body)))
        writer = _Writer(outparam, response.status, response.headers)
        writer.send_all(pieces)

    return _exported(answer)


def serve_asgi(application: Any) -> type:
    """The same for an ASGI 3 application (its ``http`` scope; there is no ``lifespan``)."""

    def answer(request: Request, outparam: Any) -> None:
        loop = _Loop()
        asyncio.set_event_loop(loop)
        loop.run_until_complete(_run_asgi(application, request, outparam))

    return _exported(answer)


class _Loop(PollLoop):
    """componentize-py's event loop over ``wasi:io/poll``, with timers."""

    def time(self) -> float:
        return monotonic_clock.now() / 1e9

    def call_later(self, delay: float, callback: Any, *args: Any, context: Any = None) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(self.time() + delay, callback, args, self, context)
        over = self.create_future()
        over.add_done_callback(lambda _: None if handle.cancelled() else handle._run())
        self.wakers.append((monotonic_clock.subscribe_duration(max(0, int(delay * 1e9))), over))
        return handle

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> asyncio.TimerHandle:
        return self.call_later(when - self.time(), callback, *args, context=context)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Its time passes all the same; then nothing is called."""


def _as_response(value: Any) -> Response:
    if isinstance(value, Response):
        return value
    if isinstance(value, (dict, list)):
        return Response.json(value)
    if isinstance(value, (str, bytes)):
        return Response(value)
    raise TypeError(f"handle() returned {type(value).__name__} and not a Response, text, dict or list")


async def _run_asgi(application: Any, request: Request, outparam: Any) -> None:
    pieces = request.stream()
    writer: _Writer | None = None
    head: dict[str, Any] = {}

    async def receive() -> dict[str, Any]:
        piece = next(pieces, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    async def send(event: dict[str, Any]) -> None:
        nonlocal writer
        if event["type"] == "http.response.start":
            head.update(event)
            return
        if writer is None:
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in head.get("headers", ())]
            writer = _Writer(outparam, head["status"], headers)
        writer.write(event.get("body", b""))
        if not event.get("more_body", False):
            writer.finish()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": request.query_string.encode(),
        "root_path": "",
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers],
        "env": request.env,
    }
    try:
        await application(scope, receive, send)
    except Exception:
        traceback.print_exc()
        if writer is None:
            writer = _Writer(outparam, 500, [("content-type", "text/plain")])
            writer.send_all((b"the function failed\n",))


def _exported(answer: Callable[[Request, Any], None]) -> type:
    """A class with the name and the method that the world asks for."""

    class IncomingHandler:
        def handle(self, request: Any, response_out: Any) -> None:
            answer(_receive(request), response_out)

    return IncomingHandler


def _receive(request: Any) -> Request:
    method = request.method()
    kind = type(method).__name__.removeprefix("Method_")
    with request.headers() as fields:
        headers = [(name, value.decode("latin-1")) for name, value in fields.entries()]
    return Request(
        kind.upper() if kind in _METHODS else method.value,
        request.path_with_query() or "/",
        headers,
        _pieces(request),
        dict(environment.get_environment()),
    )


def _pieces(request: Any) -> Iterator[bytes]:
    with request.consume() as body, body.stream() as stream:
        while True:
            try:
                piece = stream.blocking_read(CHUNK_BYTES)
            except Err as error:
                if isinstance(error.value, streams.StreamError_Closed):
                    return
                raise ConnectionError("the client left before the end of its body") from error
            if piece:
                yield piece


class _Writer:
    """An answer as it goes out."""

    def __init__(self, outparam: Any, status: int, headers: Iterable[tuple[str, str]]) -> None:
        fields = types.Fields()
        for name, value in headers:
            try:
                fields.append(name, value.encode("latin-1"))
            except Err as error:
                print(f"the header {name!r} cannot be sent: {error.value}", file=sys.stderr)
        response = types.OutgoingResponse(fields)
        response.set_status_code(status)
        self._body = response.body()
        types.ResponseOutparam.set(outparam, Ok(response))
        self._stream = self._body.write()

    def send_all(self, pieces: Iterable[bytes]) -> None:
        """Sends a body. An error of the iterable breaks the answer off, so that the client learns of it."""
        try:
            for piece in pieces:
                self.write(piece)
        except Exception:
            traceback.print_exc()
            return
        self.finish()

    def write(self, piece: bytes) -> None:
        rest = memoryview(piece)
        while rest:
            room = min(self._stream.check_write(), CHUNK_BYTES)
            if room == 0:
                with self._stream.subscribe() as pollable:
                    pollable.block()
                continue
            self._stream.write(bytes(rest[:room]))
            rest = rest[room:]
        self._stream.flush()

    def finish(self) -> None:
        self._stream.blocking_flush()
        self._stream.__exit__(None, None, None)
        types.OutgoingBody.finish(self._body, None)
