"""Who may ask the server, and what its pages may reach."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from dash import Dash
from flask import Response, abort, redirect, request
from werkzeug.wrappers import Response as BaseResponse

LOOPBACK = ("127.0.0.1", "localhost", "::1")
#: The cookie that holds the token once it has been given in the address.
COOKIE = "twin-token"
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def guard(app: Dash, token: str = "") -> None:
    """Answer this computer's own browser only, or those that know the token; let pages reach nothing else."""

    @app.server.before_request
    def known() -> BaseResponse | None:
        name = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
        if not token and name.strip("[]") not in LOOPBACK:  # another site's name that was made to point here
            abort(403)
        origin = request.headers.get("Origin")
        if origin and urlsplit(origin).netloc != request.host:  # another site's page that asks through this browser
            abort(403)
        if not token:
            return None
        given = request.args.get("token", "")
        if given and _same(given, token):
            answer = redirect(request.path)  # the token leaves the address, and so the history
            answer.set_cookie(COOKIE, token, httponly=True, samesite="Strict")
            return answer
        if not _same(request.cookies.get(COOKIE, ""), token):
            abort(Response("This page asks for its token: open the address that `twin view` printed.", 401))
        return None

    @app.server.after_request
    def policy(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", POLICY)  # a stricter one stays
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response


def _same(given: str, token: str) -> bool:
    return secrets.compare_digest(given.encode(), token.encode())
