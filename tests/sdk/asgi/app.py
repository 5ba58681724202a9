"""An ASGI application for the tests: waits with timers, answers in pieces, and fails on request."""

import asyncio

from faas import serve_asgi


async def tick(number: int) -> int:
    await asyncio.sleep(0.01 * number)
    return number


async def application(scope, receive, send) -> None:
    if scope["path"] == "/fail":
        raise ValueError("a reason")
    body, more = b"", True
    while more:
        event = await receive()
        body += event["body"]
        more = event["more_body"]
    headers = [(b"content-type", b"text/plain"), (b"x-query", scope["query_string"])]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    for done in asyncio.as_completed([tick(2), tick(1)]):
        line = f"tick {await done}\n".encode()
        await send({"type": "http.response.body", "body": line, "more_body": True})
    last = f"{scope['method']} {scope['path']} {body.decode()} {scope['env'].get('NAME')}"
    await send({"type": "http.response.body", "body": last.encode()})


IncomingHandler = serve_asgi(application)
