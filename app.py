"""The server of the dashboard: Streamlit's, which answers no request for a host that is not named in `server.allowedHosts`.

A page that was loaded from elsewhere could otherwise reach a dashboard on this machine by a name of its own that it points here (DNS
rebinding). Streamlit itself looks at the Host of a websocket alone; this looks at that of every request.
"""

from __future__ import annotations

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

HOSTS = st.get_option("server.allowedHosts") or ["*"]

app = st.App("dashboard.py", middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False)])
