// One click, one entry of the browser's history: then Back returns to what was seen before that click.
// A page that is opened by a link writes its address several times; all but the first write after a click replace that entry.
if (!window.tandemHistory) {
  window.tandemHistory = true;
  const push = history.pushState.bind(history);
  let clicked = false;
  for (const event of ["pointerdown", "keydown"]) addEventListener(event, () => { clicked = true; }, true);
  history.pushState = (state, title, url) => {
    if (clicked) push(state, title, url);
    else history.replaceState(state, title, url);
    clicked = false;
  };
}
