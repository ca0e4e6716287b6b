"""Who may ask the console: this machine's own browser with the token, and no page of anybody else."""

from __future__ import annotations

import hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Scripts, styles, pictures and requests from here only; nothing else at all.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_FORBIDDEN = "This page may only be opened by itself.\n"
_UNKNOWN = "Open the address that `strata console` prints: it has the token.\n"


class Guard:
    """Answers only requests to this address that carry the token, and says how answers may be used.

    Other pages of the browser may send requests to a port of this machine: their Host or Origin tells. Other
    users of the machine may too: they do not know the token.

    Args:
        app: the console.
        token: the secret.
        port: where it listens.
    """

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app = app
        self._token = token
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self._origins = {f"http://{host}" for host in self._hosts}
        # Cookies know no ports: two consoles must not take each other's.
        self._cookie = f"strata-console-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        refused = self._refused(scope)
        await (self._app if refused is None else refused)(scope, receive, guarded)

    def _refused(self, scope: Scope) -> Response | None:
        """The answer to who may not ask, or who has just come; None for all others."""
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if headers.get("host") not in self._hosts or (origin is not None and origin not in self._origins):
            return PlainTextResponse(_FORBIDDEN, 403)
        if scope["method"] not in ("GET", "HEAD") and origin is None:
            # What changes something comes from the page itself: browsers name the origin of each POST.
            return PlainTextResponse(_FORBIDDEN, 403)
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            # A link of another page may lead here, but only to the first page, and not within a frame.
            mode = headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest"), scope["path"]
            if mode != ("navigate", "document", "/"):
                return PlainTextResponse(_FORBIDDEN, 403)
        if scope["path"] == "/" and scope["method"] == "GET":
            given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
            if given and self._is_token(given[0]):
                # So that the token stays neither in the address bar nor in the history.
                answer = RedirectResponse("/", 303)
                answer.set_cookie(self._cookie, self._token, path="/", httponly=True, samesite="strict")
                return answer
        if not self._is_token(self._sent(headers)):
            return PlainTextResponse(_UNKNOWN, 401)
        return None

    def _sent(self, headers: Headers) -> str:
        bearer = headers.get("authorization", "")
        if bearer.startswith("Bearer "):
            return bearer.removeprefix("Bearer ")
        cookies: SimpleCookie = SimpleCookie()
        try:
            cookies.load(headers.get("cookie", ""))
        except CookieError:
            return ""
        return cookies[self._cookie].value if self._cookie in cookies else ""

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token.encode())
