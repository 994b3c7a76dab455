"""The chips of the playground: data and noise, then the settings of the networks, each behind a small button that says its value."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.ui.form.picking import pills, segmented_control
from core.ui.pages.playground import pad
from core.ui.pages.playground.settings import BY_NAME, DATA, DRAWN, EPOCHS, MOST, NOTHING, PAGE, SETTINGS, START, Asked, Setting

STYLE = f"""<style>
[class*="st-key-{PAGE}-chips"] {{ row-gap: 0.35rem; column-gap: 0.4rem; }}
[class*="st-key-{PAGE}-chips"] h1 {{ padding: 0; }}
[class*="st-key-{PAGE}-chips"] [data-testid="stPopover"] button {{ border-radius: 999px; padding: 0.15rem 0.75rem; min-height: 2rem; }}
.st-key-{PAGE}-figure [data-stale] {{ opacity: 1 !important; }}
.st-key-{PAGE}-varied [data-testid="stPopover"] button {{ border-color: var(--st-primary-color, #1f5fa8); }}
</style>"""


def chips() -> Asked:
    """Draws them, and returns what they say."""
    st.html(STYLE)
    with st.container(key=f"{PAGE}-chips-data", horizontal=True, vertical_alignment="center"):
        st.title("Playground", anchor=False, width="content")
        data = pills("Data", DATA, DATA[0], key=f"{PAGE}.data", label_visibility="collapsed")
        points = pad.pad(_take)
        varied = _known(_held("compare"))
        values = {"noise": _chip(BY_NAME["noise"], varied)}
        epochs = _epochs()
    with st.container(key=f"{PAGE}-chips-network", horizontal=True, vertical_alignment="center"):
        varied = _compared()
        values |= {setting.name: _chip(setting, varied) for setting in SETTINGS if setting.name != "noise"}
    return Asked(data, epochs, varied, values, points)


def _take(points: str) -> None:
    """Trains on points that were handed in."""
    st.session_state[f"{PAGE}.points"] = points
    st.session_state[f"{PAGE}.data"] = DRAWN


def _held(name: str) -> Any:
    """What a widget further down holds, for the chip around it is drawn first. On a cold link only the address knows. None: nobody does."""
    key = f"{PAGE}.{name}"
    return st.session_state[key] if key in st.session_state else st.query_params.get(key)


def _all_held(name: str) -> list[str]:
    """Of a widget that holds several values."""
    key = f"{PAGE}.{name}"
    return list(st.session_state[key] if key in st.session_state else st.query_params.get_all(key))


def _known(name: Any) -> str | None:
    """Which setting varies, from what is chosen; None where none does."""
    return None if name == NOTHING else name if name in BY_NAME else START.varied


def _epochs() -> str:
    held = _held("epochs")
    with st.popover(f"epochs **{held if held in EPOCHS else EPOCHS[1]}**", key=f"{PAGE}-epochs"):
        return segmented_control("Epochs", EPOCHS, EPOCHS[1], key=f"{PAGE}.epochs", help="Passes over the data.")


def _compared() -> str | None:
    """Which setting varies."""
    held = _known(_held("compare"))
    with st.popover(f"compare **{held or NOTHING}**", key=f"{PAGE}-compare", icon=":material/compare_arrows:"):
        chosen = pills("Which setting to compare", [*BY_NAME, NOTHING], "activation", key=f"{PAGE}.compare")
        st.caption(f"Up to {MOST} of its values are trained beside each other. All other settings are the same for all of them.")
    return _known(chosen)


def _chip(setting: Setting, varied: str | None) -> tuple[str, ...]:
    return _several(setting) if setting.name == varied else (_single(setting),)


def _single(setting: Setting) -> str:
    held = _held(setting.name)
    shown = held if held in setting.options else setting.start
    with st.popover(f"{setting.name} **{shown}**", key=f"{PAGE}-{setting.name}"):
        chosen = pills(_title(setting), list(setting.options), setting.start, key=f"{PAGE}.{setting.name}", help=setting.help)
        st.button("Compare several", key=f"{PAGE}.several.{setting.name}", type="tertiary", on_click=_vary, args=(setting.name,))
    return chosen


def _vary(name: str) -> None:
    st.session_state[f"{PAGE}.compare"] = name


def _several(setting: Setting) -> tuple[str, ...]:
    """The setting that varies: its chip carries the variants' colours."""
    name = f"{setting.name}.several"
    shown = _picked(setting, setting.several if _held(name) is None else _all_held(name))
    dots = " ".join(f':color[●]{{foreground="{setting.colour(value)}"}} **{value}**' for value in shown)
    with st.container(key=f"{PAGE}-varied", width="content"), st.popover(f"{setting.name} {dots}", key=f"{PAGE}-{setting.name}-several"):
        chosen = st.pills(
            f"{_title(setting)}: up to {MOST}",
            list(setting.options),
            selection_mode="multi",
            default=list(setting.several),
            help=setting.help,
            key=f"{PAGE}.{setting.name}.several",
            bind="query-params",
        )
        if len(chosen) > MOST:
            st.caption(f"The first {MOST} are shown: take one away to see another.")
    return _picked(setting, chosen)


def _picked(setting: Setting, chosen: Any) -> tuple[str, ...]:
    """The values in their own order, at most four; the one it starts with where none is chosen."""
    return tuple([value for value in setting.options if value in chosen][:MOST]) or (setting.start,)


def _title(setting: Setting) -> str:
    return f"{setting.name[0].upper()}{setting.name[1:]}"
