"""The dashboard's server: Streamlit's server, which answers only requests for a host in `server.allowedHosts`.

Otherwise a page from another site could reach a dashboard on this machine by a host name of its own that points here (DNS rebinding).
Streamlit itself checks the Host header only of a websocket; this module checks it for every request.
"""

from __future__ import annotations

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

HOSTS = st.get_option("server.allowedHosts") or ["*"]

app = st.App("dashboard.py", middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False)])
