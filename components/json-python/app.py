"""A JSON API in Python: routes over a table, on the SDK's ``handle(request)``."""

import json
import re
from collections.abc import Callable

from faas import Request, Response, serve


def hello(request: Request) -> dict:
    return {"hello": request.query("name", request.env.get("NAME", "Python"))}


def user(_request: Request, number: str) -> dict:
    return {"id": int(number)}


def order(request: Request) -> Response:
    try:
        items = request.json()["items"]
        total = sum(int(item["count"]) * int(item["cents"]) for item in items)
    except (ValueError, KeyError, TypeError) as error:
        return Response.json({"error": f"no order: {error!r}"}, 400)
    return Response.json({"items": items, "total_cents": total}, 201)


def ticks(_request: Request) -> Response:
    lines = (json.dumps({"tick": tick}).encode() + b"\n" for tick in range(3))
    return Response(lines, headers=[("content-type", "application/x-ndjson")])


ROUTES: list[tuple[str, str, Callable[..., Response | dict]]] = [
    ("GET", r"/", hello),
    ("GET", r"/users/(\d+)", user),
    ("POST", r"/orders", order),
    ("GET", r"/ticks", ticks),
]


def handle(request: Request) -> Response | dict:
    for method, pattern, route in ROUTES:
        found = re.fullmatch(pattern, request.path)
        if found and method == request.method:
            return route(request, *found.groups())
    return Response.json({"error": "not found"}, 404)


IncomingHandler = serve(handle)
