// The player: what is shown at which epoch, and what the reader can do. It is made once, and told what is stored as it comes in.

const SIDE = 64; // cells of a boundary
const SMALL = 24; // of a unit's map
const RATE = 20; // epochs a second
const SPEEDS = [0.5, 1, 2, 4];
const AT = "playground.epoch"; // in the address
const percent = (share) => (Number.isFinite(share) ? `${Math.round(100 * share)}\u202f%` : "–");
const column = (table, name) => table.getChild(name).toArray();

// One trained network, or a place kept for it.
class Variant {
  constructor(told, tables, number) {
    Object.assign(this, told);
    this.ready = Boolean(tables[`weights${number}`]);
    this.points = tables[`points${number}`] ? Variant.points(tables[`points${number}`]) : [];
    if (!this.ready) return;
    this.shapes = shapesOf(this.units);
    this.weights = tables[`weights${number}`].getChildAt(0).toArray();
    this.last = this.weights.length / this.shapes.size - 1;
    this.curves = Object.fromEntries(["val_loss", "val_accuracy"].map((name) => [name, column(tables[`curves${number}`], name)]));
    this.training = inputsOf(this.points.filter((point) => point[3]), this.scaling);
    this.boundary = new Map2d(SIDE);
    this.share = new Float32Array(SIDE * SIDE);
    this.reach = this.shapes.layers.map((layer) => this.largest(layer));
  }

  static points(table) {
    const [x, y, label, training] = ["x1", "x2", "label", "training"].map((name) => column(table, name));
    return Array.from(x, (_, at) => [x[at], y[at], label[at], training[at]]);
  }

  // The network's weights after an epoch; those of its last one where it ended before.
  at(epoch) {
    const start = Math.min(epoch, this.last) * this.shapes.size;
    return this.weights.subarray(start, start + this.shapes.size);
  }

  edge(weights, layer, to, from) {
    const { inputs, weight, outputs } = this.shapes.layers[layer];
    const output = layer === this.shapes.layers.length - 1 && outputs === 2;
    return output ? weights[weight + inputs + from] - weights[weight + from] : weights[weight + to * inputs + from];
  }

  // The largest weight of a layer over all epochs, so that an edge that grows is seen to grow.
  largest({ inputs, outputs, weight }) {
    let most = 1e-6;
    for (let epoch = 0; epoch <= this.last; epoch++) {
      const from = epoch * this.shapes.size + weight;
      for (let k = from; k < from + inputs * outputs; k++) most = Math.max(most, Math.abs(this.weights[k]) || 0);
    }
    return most;
  }

  // The probability of class 1 over a square.
  over(epoch, square) {
    this.grid ??= gridOf(SIDE, square, this.scaling);
    this.layers = forward(this.at(epoch), this.shapes, this.activation, this.grid, SIDE * SIDE, this.layers);
    return probabilities(this.layers.at(-1), SIDE * SIDE, this.share);
  }

  // Of every hidden unit its outputs over the square, and whether it is 0 on every training point.
  units_over(epoch, square) {
    this.cells ??= gridOf(SMALL, square, this.scaling);
    this.small = forward(this.at(epoch), this.shapes, this.activation, this.cells, SMALL * SMALL, this.small);
    return this.small;
  }

  dead(epoch) {
    const n = this.training.length / 2;
    this.seen = forward(this.at(epoch), this.shapes, this.activation, this.training, n, this.seen);
    return this.units.slice(1, -1).map((count, layer) =>
      Array.from({ length: count }, (_, unit) => this.seen[layer].subarray(unit * n, (unit + 1) * n).every((value) => value === 0)));
  }

  value(name, epoch) {
    return this.ready ? this.curves[name][Math.min(epoch, this.last)] : NaN;
  }
}

class Player {
  constructor(parent) {
    this.root = parent.querySelector(".player");
    this.root.player = this;
    this.host = parent.host ?? this.root;
    [this.epoch, this.focus, this.speed, this.playing, this.differing, this.pair] = [null, 0, 1, false, false, [0, 1]];
    [this.variants, this.keys, this.seen, this.hovered] = [[], "", true, null];
    this.part = (name) => this.root.querySelector(name);
    const asked = new URLSearchParams(location.search).get(AT);
    if (/^\d{1,4}$/.test(asked)) this.epoch = Number(asked);
    this.listen();
  }

  listen() {
    this.gone = new AbortController();
    const on = (target, name, act) => target.addEventListener(name, act, { signal: this.gone.signal });
    on(this.part(".play"), "click", () => this.play(!this.playing));
    on(this.part(".back"), "click", () => this.step(-1));
    on(this.part(".ahead"), "click", () => this.step(1));
    on(this.part(".speed"), "click", () => this.faster());
    on(this.part(".difference"), "click", () => this.differ());
    on(this.root, "keydown", (event) => this.key(event));
    on(document, "keydown", (event) => event.target === document.body && this.key(event));
    const [bar, net] = [this.part(".scrubber"), this.part(".net")];
    on(bar, "pointerdown", (event) => (bar.setPointerCapture(event.pointerId), this.play(false), this.scrub(event)));
    on(bar, "pointermove", (event) => bar.hasPointerCapture(event.pointerId) && this.scrub(event));
    on(bar, "pointerup", () => this.remember());
    on(net, "pointermove", (event) => this.hover(event));
    on(net, "pointerleave", () => this.hover(null));
    this.sizes = new ResizeObserver(() => this.draw());
    [bar, net, this.part(".maps")].forEach((element) => this.sizes.observe(element));
    this.sight = new IntersectionObserver(([entry]) => (this.seen = entry.isIntersecting));
    this.sight.observe(this.root);
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
  }

  destroy() {
    this.gone.abort();
    this.sizes.disconnect();
    this.sight.disconnect();
    this.playing = false;
  }

  // Takes in what is stored now; what has not changed is kept.
  update({ meta, ...tables }) {
    const known = new Map(this.variants.map((variant) => [variant.key, variant]));
    const atEnd = this.epoch === null || (this.end !== undefined && this.epoch >= this.end);
    Object.assign(this, { meta, end: meta.epochs });
    this.variants = meta.variants.map((told, number) => {
      const kept = known.get(told.key);
      return kept ? Object.assign(kept, told) : new Variant(told, tables, number);
    });
    this.epoch = atEnd ? this.end : Math.min(this.epoch, this.end);
    const count = this.variants.length;
    this.focus = Math.min(this.focus, count - 1);
    const ready = this.variants.findIndex((variant) => variant.ready);
    if (ready >= 0 && !this.variants[this.focus].ready) this.focus = ready;
    this.pair = count < 2 ? [0, 0] : this.pair.every((at) => at < count) && this.pair[0] !== this.pair[1] ? this.pair : [0, 1];
    this.differing &&= count > 1;
    this.look = this.looks();
    this.part(".difference").hidden = count < 2;
    this.part(".legend .above").style.background = this.look.edges[1];
    this.part(".legend .below").style.background = this.look.edges[0];
    this.lay();
    this.draw();
    setTimeout(() => this.remember(), 600); // when Streamlit has written the address anew, with the epoch that it was opened at
  }

  looks() {
    const style = getComputedStyle(this.host);
    const of = (name, otherwise) => style.getPropertyValue(`--st-${name}`).trim() || otherwise;
    const [text, background, line] = [of("text-color", "#1c2733"), of("background-color", "#ffffff"), of("border-color", "#d3dae3")];
    const dark = rgb(background).reduce((sum, value) => sum + value, 0) < 384;
    const [low, high] = this.meta.classes;
    const muted = `rgb(${mixed(rgb(background), rgb(text), 0.68).join(" ")})`;
    const deep = [low, high].map((colour) => `rgb(${mixed(rgb(colour), dark ? [255, 255, 255] : [0, 0, 0], dark ? 0.35 : 0.08).join(" ")})`);
    const accent = of("primary-color", "#1f5fa8");
    return { text, background, line, dark, muted, deep, accent, edges: [low, high], scale: scaleOf(low, background, high), font: of("font", "sans-serif") };
  }

  ink(variant) {
    return this.look.dark ? variant.ink.dark : variant.ink.light;
  }

  // The panels of the maps: made anew only when other ones are to be shown.
  lay() {
    const shown = this.differing ? [this.pair, ...this.others()] : this.variants.map((_, at) => at);
    const keys = JSON.stringify([shown, this.variants.map(({ key, name, colour }) => [key, name, colour]), this.look.dark, this.meta.square]);
    if (keys === this.keys) return;
    this.keys = keys;
    const place = this.part(".maps");
    place.replaceChildren();
    place.dataset.count = this.differing ? (shown.length > 1 ? 4 : 1) : shown.length;
    this.panels = shown.map((at) => this.panel(place, at));
  }

  others() {
    return this.variants.map((_, at) => at).filter((at) => !this.pair.includes(at));
  }

  panel(place, at) {
    const pair = Array.isArray(at);
    const element = document.createElement(pair ? "div" : "button");
    element.className = pair ? "map wide" : "map";
    element.innerHTML = '<div class="name"></div><div class="square"><canvas role="img"></canvas><div class="waiting"></div></div>';
    if (!pair) {
      Object.assign(element, { type: "button", title: `Draw this network (${at + 1})` });
      element.style.cssText = "border:none;padding:0;text-align:left;background:none;color:inherit";
      element.addEventListener("click", () => this.choose(at));
    }
    place.append(element);
    const panel = { at, pair, element, name: element.querySelector(".name"), canvas: element.querySelector("canvas"), waiting: element.querySelector(".waiting") };
    return pair ? this.pairPanel(panel) : this.onePanel(panel);
  }

  onePanel(panel) {
    const variant = this.variants[panel.at];
    panel.name.innerHTML = "<i></i><span></span><small></small><b></b>";
    const [dot, name, small, value] = panel.name.children;
    dot.style.background = variant.colour;
    [name.textContent, name.style.color] = [variant.name, this.ink(variant)];
    panel.waiting.textContent = variant.ready ? "" : variant.waiting;
    panel.element.classList.toggle("hollow", !variant.ready);
    return Object.assign(panel, { small, value });
  }

  pairPanel(panel) {
    panel.map = new Map2d(SIDE);
    panel.gap = new Float32Array(SIDE * SIDE);
    const select = (place) => {
      const list = document.createElement("select");
      list.ariaLabel = place ? "Less this one" : "This one";
      this.variants.forEach(({ name }, at) => list.append(new Option(name, at, false, at === this.pair[place])));
      list.addEventListener("change", () => this.pick(place, Number(list.value)));
      list.style.cssText = "font:inherit;color:inherit;background:var(--st-background-color);border:1px solid var(--st-border-color);border-radius:6px";
      return list;
    };
    panel.said = Object.assign(document.createElement("p"), { className: "said" });
    panel.name.append(select(0), " − ", select(1));
    panel.element.append(panel.said);
    return panel;
  }

  pick(place, at) {
    const other = this.pair[1 - place];
    this.pair = place ? [other === at ? this.pair[1] : other, at] : [at, other === at ? this.pair[0] : other];
    this.lay();
    this.draw();
  }

  choose(at) {
    if (at >= this.variants.length) return;
    this.focus = at;
    this.draw();
  }

  differ() {
    if (this.variants.length < 2) return;
    this.differing = !this.differing;
    if (this.differing && this.pair[0] !== this.focus) this.pair = [this.focus, this.focus === this.pair[1] ? this.pair[0] : this.pair[1]];
    this.part(".difference").ariaPressed = String(this.differing);
    this.lay();
    this.draw();
  }

  go(epoch) {
    this.epoch = Math.max(0, Math.min(this.end, epoch));
    this.draw();
  }

  step(by) {
    this.play(false);
    this.go(this.epoch + by);
    this.remember();
  }

  // The address says the epoch, so that a link shows it.
  remember() {
    if (this.playing || this.gone.signal.aborted) return;
    const url = new URL(location.href);
    if (this.epoch < this.end) url.searchParams.set(AT, this.epoch);
    else url.searchParams.delete(AT);
    if (url.href !== location.href) history.replaceState(history.state, "", url);
  }

  faster() {
    this.speed = SPEEDS[(SPEEDS.indexOf(this.speed) + 1) % SPEEDS.length];
    this.part(".speed").textContent = `${this.speed} ×`;
  }

  play(on) {
    if (on === this.playing) return;
    this.playing = on;
    this.root.classList.toggle("playing", on);
    this.part(".play").ariaLabel = on ? "Pause" : "Play";
    this.part(".told").ariaLive = on ? "off" : "polite";
    if (!on) return this.remember();
    if (this.epoch >= this.end) this.go(0);
    this.since = null;
    requestAnimationFrame((now) => this.tick(now));
  }

  // At most 20 pictures a second. Who wants less motion sees ten epochs further each second.
  tick(now) {
    if (!this.playing) return;
    const calm = this.calm.matches;
    const every = calm ? 1000 : 1000 / RATE;
    this.since ??= now;
    if (now - this.since >= every - 4 && this.seen && !document.hidden) {
      const late = now - this.since;
      this.since = late > 2 * every ? now : this.since + every;
      this.owed = (this.owed ?? 0) + (calm ? 10 : this.speed);
      const whole = Math.floor(this.owed);
      this.owed -= whole;
      if (whole) this.go(this.epoch + whole);
      if (this.epoch >= this.end) return this.play(false);
    }
    requestAnimationFrame((next) => this.tick(next));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const source = event.composedPath()[0];
    if (source.tagName === "SELECT" || (source.tagName === "BUTTON" && (event.key === " " || event.key === "Enter"))) return;
    const far = event.shiftKey ? 10 : 1;
    const act = {
      " ": () => this.play(!this.playing),
      ArrowLeft: () => this.step(-far),
      ArrowRight: () => this.step(far),
      ArrowDown: source === this.part(".scrubber") && (() => this.step(-far)),
      ArrowUp: source === this.part(".scrubber") && (() => this.step(far)),
      Home: () => this.step(-this.end),
      End: () => this.step(this.end),
      d: () => this.differ(),
    }[event.key] ?? (/^[1-4]$/.test(event.key) && (() => this.choose(Number(event.key) - 1)));
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  scrub(event) {
    const box = this.part(".scrubber").getBoundingClientRect();
    this.go(Math.round(((event.clientX - box.left - this.axis.left) / (this.axis.right - this.axis.left)) * this.end));
  }
}
