// One click makes one entry of the browser's history, so that Back returns to the page before that click.
// A page that is opened by a link writes its address several times; all writes except the first one after a click replace this entry.
if (!window.tandemHistory) {
  window.tandemHistory = true;
  const push = history.pushState.bind(history);
  let clicked = false;
  for (const event of ["pointerdown", "keydown", "click"]) addEventListener(event, () => { clicked = true; }, true);
  history.pushState = (state, title, url) => {
    if (clicked) push(state, title, url);
    else history.replaceState(state, title, url);
    clicked = false;
  };
}
