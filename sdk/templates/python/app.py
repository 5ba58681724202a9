"""{{name}}: answers HTTP requests. ``faas.py`` beside this file is the SDK."""

from faas import Request, Response, serve


def handle(request: Request) -> Response:
    match request.method, request.path:
        case "GET", "/":
            name = request.query("name") or request.env.get("NAME") or "{{name}}"
            return Response(f"Hello from {name}\n")
        case "POST", "/echo":
            # The body goes back while it arrives.
            return Response(request.stream())
        case _:
            return Response("not found\n", status=404)


IncomingHandler = serve(handle)
