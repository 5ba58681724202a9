"""Says hello, and gives JSON back that it has read."""

from faas import Request, Response, serve


def handle(request: Request) -> Response:
    match request.method, request.path:
        case "GET", "/":
            return Response(f"Hello from {request.query('name') or 'hello'}\n")
        case "POST", "/json":
            return Response.json(request.json())
        case _:
            return Response("not found\n", status=404)


IncomingHandler = serve(handle)
