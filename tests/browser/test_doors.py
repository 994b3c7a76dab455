"""Who is let in, and whom the pages call: this machine under its own names, and nobody."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

import psutil
import pytest

from tests.browser.content import open_page, settle
from tests.browser.test_pages import LINKS
from tests.browser.workbench import address, small, train

HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "streamlit",
}
ROUTES = [*(f"/{path}" for path in LINKS), "/_stcore/health", "/_stcore/host-config", "/static/none.js", "/media/none.csv"]
FOREIGN = ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example:{port}", "localhost.evil.example", "192.168.0.7:{port}", ""]
OURS = ["localhost:{port}", "127.0.0.1:{port}", "localhost"]


def asked(server, path: str, host: str, headers: Mapping[str, str] = MappingProxyType({})) -> int:
    """The status that the server answers with, to a request that names `host`."""
    port = urlsplit(server.url).port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.putrequest("GET", path, skip_host=True)
    for name, value in {"Host": host.format(port=port), **headers}.items():
        connection.putheader(name, value)
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("host", FOREIGN)
def test_a_request_for_another_host_is_refused(server, host):
    """As it comes from a page elsewhere whose name was pointed at this machine."""
    assert {path: asked(server, path, host) for path in ROUTES} == dict.fromkeys(ROUTES, 400)
    assert asked(server, "/_stcore/stream", host, HANDSHAKE) in (400, 403)


@pytest.mark.parametrize("host", OURS)
def test_this_machine_is_answered_under_its_own_names(server, host):
    assert {path: asked(server, path, host) for path in ROUTES[: len(LINKS) + 2]} == dict.fromkeys(ROUTES[: len(LINKS) + 2], 200)
    assert asked(server, "/_stcore/stream", host, HANDSHAKE) == 101


def test_a_page_from_elsewhere_cannot_open_the_websocket(server):
    assert asked(server, "/_stcore/stream", "localhost:{port}", HANDSHAKE | {"Origin": "http://evil.example"}) == 403


def test_it_listens_to_this_machine_alone(server):
    listening = {place.laddr.ip for place in psutil.Process(server.pid).net_connections("inet") if place.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


@pytest.mark.parametrize("path", LINKS)
def test_no_page_asks_another_host_for_anything(page, server, path):
    requests = followed(page)
    open_page(page, f"{server.url}/{path}")
    assert elsewhere(requests, server) == []


def test_results_with_all_their_pictures_ask_no_other_host(page, server):
    comparison = small()
    train(page, server, comparison)
    requests = followed(page)
    for tab in ("Gradients", "Boundary", "Activations", "Timing", "What differs"):
        open_page(page, f"{address(server, comparison)}&compare.tab={tab.replace(' ', '+')}")
        page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, main.scrollHeight)")
        settle(page)
    assert page.get_by_test_id("stVegaLiteChart").count()
    assert elsewhere(requests, server) == []


def followed(page) -> list[str]:
    """The address of every request and websocket that the page opens from now on."""
    found: list[str] = []
    page.context.on("request", lambda request: found.append(request.url))
    page.on("websocket", lambda opened: found.append(opened.url))
    return found


def elsewhere(requests: list[str], server) -> list[str]:
    """Those that do not go to the server. Data and blobs go nowhere."""
    here = urlsplit(server.url).netloc
    assert any(urlsplit(url).netloc == here for url in requests), "nothing was asked for at all"
    return [url for url in requests if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).netloc != here]
