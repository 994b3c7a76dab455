// What the player shows at an epoch: words, maps, the network, and the curves.

Object.assign(Player.prototype, {
  draw() {
    if (!this.meta || !this.part(".net").clientWidth) return;
    this.words();
    this.panels.forEach((panel) => (panel.pair ? this.drawDifference(panel) : this.drawBoundary(panel)));
    this.drawNetwork();
    this.drawCurves();
  },

  words() {
    const ready = this.variants.filter((variant) => variant.ready);
    const ranked = [...ready].sort((a, b) => b.value("val_accuracy", this.epoch) - a.value("val_accuracy", this.epoch));
    const said = ranked.map((variant) => [variant.name, percent(variant.value("val_accuracy", this.epoch))]);
    const headline = this.part(".headline");
    if (said.length) {
      const { before } = this.meta; // what the names are values of, where they do not say it themselves
      headline.replaceChildren(`${this.epoch ? `Epoch ${this.epoch}` : "Before training"}${before ? `, ${before} ` : ": "}`);
      said.forEach(([name, value], at) => {
        const bold = Object.assign(document.createElement("b"), { textContent: value });
        headline.append(at ? ", " : "", `${name}${before ? ":" : ""}\u00a0`, bold);
      });
    } else headline.textContent = this.meta.waiting;
    const waiting = this.variants.filter((variant) => !variant.ready).map((variant) => variant.name);
    const notes = [said.length ? "of the validation points right" : "", this.deaths(), waiting.length && said.length ? `training: ${waiting.join(", ")}` : ""];
    this.part(".small").textContent = notes.filter(Boolean).join(" · ");
    this.part(".when").innerHTML = `<b>Epoch ${this.epoch}</b> of ${this.end} · validation loss`;
    const bar = this.part(".scrubber");
    [bar.ariaValueMax, bar.ariaValueNow] = [this.end, this.epoch];
    bar.ariaValueText = `epoch ${this.epoch}: ${said.map((pair) => pair.join(" ")).join(", ")}`;
  },

  // How many hidden units of each network are dead.
  deaths() {
    this.dead = this.variants.map((variant) => (variant.ready ? variant.dead(this.epoch) : []));
    const counted = this.variants.map((variant, at) => [variant.name, this.dead[at].flat().filter(Boolean).length, this.dead[at].flat().length]);
    const told = counted.filter(([, dead]) => dead).map(([name, dead, all]) => `${dead} of ${all} (${name})`);
    return told.length ? `dead units: ${told.join(", ")}` : "";
  },

  drawBoundary(panel) {
    const variant = this.variants[panel.at];
    const { context, width, changed } = fitted(panel.canvas);
    const focused = panel.at === this.focus;
    panel.element.ariaPressed = String(focused);
    const ended = variant.ready && this.epoch > variant.last ? `diverged after epoch ${variant.last}` : "";
    panel.small.textContent = ended || (focused && this.variants.length > 1 && width > 200 ? "drawn left" : "");
    panel.value.textContent = variant.ready ? percent(variant.value("val_accuracy", this.epoch)) : "";
    panel.canvas.ariaLabel = `What ${variant.name} says of the plane at epoch ${this.epoch}: ${panel.value.textContent} of the validation points right`;
    context.fillStyle = this.look.background;
    context.fillRect(0, 0, width, width);
    if (variant.ready) {
      variant.boundary.paint(variant.over(this.epoch, this.meta.square), 0, 0.5, 0.5, this.look.scale);
      context.imageSmoothingQuality = "high";
      context.drawImage(variant.boundary.canvas, 0, 0, width, width);
    }
    this.drawData(panel, variant, context, width, changed);
  },

  // The points are drawn once, and laid over each picture.
  drawData(panel, variant, context, width, changed) {
    const ratio = window.devicePixelRatio || 1;
    if (!panel.data || changed || panel.points !== variant.points) {
      panel.data = new OffscreenCanvas(Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(width * ratio)));
      panel.points = variant.points;
      const layer = panel.data.getContext("2d");
      layer.scale(ratio, ratio);
      drawPoints(layer, variant.points, this.meta.square, width, this.look);
    }
    context.drawImage(panel.data, 0, 0, width, width);
  },

  drawDifference(panel) {
    const [first, second] = this.pair.map((at) => this.variants[at]);
    const { context, width, changed } = fitted(panel.canvas);
    context.fillStyle = this.look.background;
    context.fillRect(0, 0, width, width);
    panel.waiting.textContent = first.ready && second.ready ? "" : "waits for both";
    if (first.ready && second.ready) {
      const [one, other] = [first, second].map((variant) => variant.over(this.epoch, this.meta.square));
      let apart = 0;
      for (let k = 0; k < panel.gap.length; k++) {
        panel.gap[k] = one[k] - other[k];
        apart += one[k] > 0.5 !== other[k] > 0.5;
      }
      panel.map.paint(panel.gap, 0, 0, 1, this.look.scale);
      context.drawImage(panel.map.canvas, 0, 0, width, width);
      const disagree = `They disagree on ${percent(apart / panel.gap.length)} of the plane.`;
      panel.said.textContent = `${disagree}\n\nOrange: ${first.name} is more for orange than ${second.name}. Teal: it is more for teal. The paler, the less they differ.`;
      panel.canvas.ariaLabel = `Where ${first.name} and ${second.name} differ at epoch ${this.epoch}. ${disagree}`;
    }
    this.drawData(panel, first, context, width, changed);
  },

  drawNetwork() {
    const variant = this.variants[this.focus];
    const canvas = this.part(".net");
    const { context, width, height } = fitted(canvas);
    context.clearRect(0, 0, width, height);
    context.font = `13px ${this.look.font}`;
    this.places = placesOf(variant.units, width, height);
    canvas.ariaLabel = `The network of ${variant.name}: ${variant.units.slice(1, -1).join(", ") || "no"} hidden units`;
    if (variant.ready) this.drawEdges(context, variant);
    this.drawUnits(context, variant);
    this.drawHeads(context, variant, width);
  },

  drawEdges(context, variant) {
    const weights = variant.at(this.epoch);
    this.places.slice(1).forEach((column, layer) => {
      column.forEach((to, unit) => {
        this.places[layer].forEach((from, below) => {
          const near = !this.hovered || (this.hovered.layer === layer + 1 ? this.hovered.unit === unit : this.hovered.layer === layer && this.hovered.unit === below);
          drawEdge(context, from, to, variant.edge(weights, layer, unit, below), variant.reach[layer], this.look, !near);
        });
      });
    });
  },

  drawUnits(context, variant) {
    const layers = variant.ready ? variant.units_over(this.epoch, this.meta.square) : [];
    this.unitMaps ??= [];
    const cells = SMALL * SMALL;
    this.places.forEach((column, layer) => {
      column.forEach((place, unit) => {
        const [x, y] = [place.x - place.size / 2, place.y - place.size / 2];
        const output = layer === this.places.length - 1;
        const picked = this.hovered?.layer === layer && this.hovered.unit === unit;
        const map = variant.ready ? (output ? this.large(variant) : this.unit(variant, layers, layer, unit, cells)) : null;
        if (map) drawMap(context, map, x, y, place.size, { line: output ? this.look.text : picked ? this.look.accent : this.look.muted, width: output ? 1.5 : picked ? 2 : 1 });
        else {
          boxPath(context, x, y, place.size);
          [context.strokeStyle, context.lineWidth] = [this.look.line, 1];
          context.stroke();
        }
      });
    });
  },

  // The map of a unit, scaled to itself; of an input, the plane along its axis.
  unit(variant, layers, layer, unit, cells) {
    const map = ((this.unitMaps[layer] ??= [])[unit] ??= new Map2d(SMALL));
    const values = layer ? layers[layer - 1] : variant.cells;
    let most = 0;
    for (let k = unit * cells; k < (unit + 1) * cells; k++) most = Math.max(most, Math.abs(values[k]));
    map.paint(values, unit * cells, 0, most || 1, this.look.scale);
    return map;
  },

  // The output; or, large, the unit under the pointer.
  large(variant) {
    const { layer, unit } = this.hovered ?? {};
    if (this.hovered && layer < this.places.length - 1) return this.unitMaps[layer]?.[unit] ?? variant.boundary;
    if (!this.panels.some((panel) => panel.at === this.focus)) variant.boundary.paint(variant.over(this.epoch, this.meta.square), 0, 0.5, 0.5, this.look.scale);
    return variant.boundary;
  },

  drawHeads(context, variant, width) {
    const narrow = width < 520;
    [context.fillStyle, context.textAlign, context.textBaseline] = [this.look.muted, "center", "alphabetic"];
    this.places.forEach(([place], layer) => {
      const last = layer === this.places.length - 1;
      const count = variant.units[layer];
      const words = layer === 0 ? "inputs" : last ? "output" : narrow ? String(count) : `hidden ${layer}: ${count} unit${count > 1 ? "s" : ""}`;
      context.fillText(words, place.x, 13);
    });
    const output = this.places.at(-1)[0];
    if (!narrow) context.fillText(this.hovered ? "" : "what it says of every point", output.x, output.y + output.size / 2 + 18);
    context.textAlign = "right";
    context.textBaseline = "middle";
    context.font = `italic 15px ${this.look.font}`;
    context.fillStyle = this.look.text;
    this.places[0].forEach(({ x, y, size }, at) => context.fillText("xy"[at], x - size / 2 - 7, y));
    this.nameTheDead(context, narrow);
  },

  nameTheDead(context, narrow) {
    const dead = this.dead[this.focus] ?? [];
    context.font = `12px ${this.look.font}`;
    [context.fillStyle, context.textAlign, context.textBaseline] = [this.look.muted, "left", "middle"];
    dead.forEach((column, layer) => column.forEach((gone, unit) => {
      if (!gone) return;
      const { x, y, size } = this.places[layer + 1][unit];
      const words = narrow || size < 26 || column.filter(Boolean).length > 3 ? "dead" : "0 everywhere: dead";
      const wide = context.measureText(words).width;
      context.save();
      [context.globalAlpha, context.fillStyle] = [0.8, this.look.background];
      context.fillRect(x + size / 2 + 3, y - 9, wide + 6, 18);
      context.restore();
      context.fillText(words, x + size / 2 + 6, y);
    }));
  },

  // Names the unit under the pointer, and shows its map large.
  hover(event) {
    const box = this.part(".net").getBoundingClientRect();
    const [x, y] = event ? [event.clientX - box.left, event.clientY - box.top] : [-1, -1];
    const inside = (place) => Math.abs(place.x - x) < place.size / 2 + 2 && Math.abs(place.y - y) < place.size / 2 + 2;
    let found = null;
    (this.places ?? []).forEach((column, layer) => column.forEach((place, unit) => inside(place) && (found = { layer, unit })));
    const tip = this.part(".tip");
    tip.hidden = !found || !this.variants[this.focus].ready;
    if (!tip.hidden) {
      tip.textContent = this.described(found);
      const frame = this.root.getBoundingClientRect();
      tip.style.left = `${Math.min(event.clientX - frame.left + 14, frame.width - 200)}px`;
      tip.style.top = `${event.clientY - frame.top + 14}px`;
    }
    if (JSON.stringify(found) === JSON.stringify(this.hovered)) return;
    this.hovered = found;
    this.draw();
  },

  described({ layer, unit }) {
    const variant = this.variants[this.focus];
    if (!layer) return `input ${"xy"[unit]}`;
    const weights = variant.at(this.epoch);
    const shape = variant.shapes.layers[layer - 1];
    const output = layer === variant.shapes.layers.length;
    const bias = output ? weights[shape.bias + 1] - weights[shape.bias] : weights[shape.bias + unit];
    const into = this.places[layer - 1].map((_, from) => variant.edge(weights, layer - 1, unit, from));
    const strong = into.map((value, from) => [value, from]).sort((a, b) => Math.abs(b[0]) - Math.abs(a[0])).slice(0, 4);
    const from = strong.map(([value, at]) => `${layer === 1 ? "xy"[at] : `unit ${at + 1}`} ${signed(value)}`).join("\n");
    const dead = !output && this.dead[this.focus][layer - 1]?.[unit] ? "\n0 on every training point" : "";
    return `${output ? "output" : `hidden ${layer}, unit ${unit + 1}`}${dead}\nbias ${signed(bias)}\n${from}${into.length > 4 ? "\n…" : ""}`;
  },

  drawCurves() {
    const { context, width, height } = fitted(this.part(".scrubber canvas"));
    context.clearRect(0, 0, width, height);
    const names = Math.min(width < 420 ? 84 : 110, Math.max(...this.variants.map(({ name }) => name.length)) * 8 + 24);
    const [left, right, top, bottom] = [44, width - names, 8, height - 24];
    this.axis = { left, right };
    const x = (epoch) => left + ((right - left) * epoch) / (this.end || 1);
    const shown = this.variants.filter((variant) => variant.ready);
    context.font = `13px ${this.look.font}`;
    this.drawEpochs(context, x, bottom, width);
    if (!shown.length) return;
    const axis = lossAxis(shown.map((variant) => variant.curves.val_loss), top, bottom);
    this.drawTicks(context, axis, left, right);
    shown.forEach((variant) => this.drawCurve(context, variant, x, axis.y));
    this.drawHandle(context, x(this.epoch), top, bottom, shown, axis.y);
    this.drawNames(context, shown, x, axis.y, top, bottom);
  },

  drawEpochs(context, x, bottom, width) {
    [context.fillStyle, context.textAlign, context.textBaseline] = [this.look.muted, "center", "top"];
    const step = [1, 2, 5, 10, 20, 25, 50, 100].find((by) => this.end / by <= (width < 520 ? 4 : 6)) ?? 100;
    for (let epoch = 0; epoch <= this.end; epoch += step) context.fillText(epoch, x(epoch), bottom + 8);
  },

  drawTicks(context, axis, left, right) {
    [context.textAlign, context.textBaseline, context.lineWidth] = ["right", "middle", 1];
    for (const tick of axis.ticks) {
      context.globalAlpha = 0.5;
      context.strokeStyle = this.look.line;
      context.beginPath();
      context.moveTo(left, axis.y(tick));
      context.lineTo(right, axis.y(tick));
      context.stroke();
      context.globalAlpha = 1;
      context.fillText(tick, left - 8, axis.y(tick));
    }
  },

  // Bold up to now, pale after.
  drawCurve(context, variant, x, y) {
    const loss = variant.curves.val_loss;
    const now = Math.min(this.epoch, variant.last);
    const part = (from, to, width, alpha) => {
      context.beginPath();
      for (let epoch = from; epoch <= to; epoch++) context.lineTo(x(epoch), y(loss[epoch]));
      [context.lineWidth, context.globalAlpha, context.strokeStyle, context.lineJoin] = [width, alpha, variant.colour, "round"];
      context.stroke();
      context.globalAlpha = 1;
    };
    part(now, variant.last, 1.3, 0.45);
    part(0, now, 2.5, 1);
    if (variant.last < this.end) {
      [context.fillStyle, context.textAlign, context.textBaseline] = [this.ink(variant), "center", "middle"];
      context.fillText("×", x(variant.last), y(loss[variant.last]));
    }
  },

  drawHandle(context, at, top, bottom, shown, y) {
    [context.strokeStyle, context.lineWidth] = [this.look.text, 1.5];
    context.beginPath();
    context.moveTo(at, top - 6);
    context.lineTo(at, bottom + 2);
    context.stroke();
    for (const variant of shown) {
      context.beginPath();
      context.roundRect(at - 4, y(variant.value("val_loss", this.epoch)) - 4, 8, 8, 3);
      [context.fillStyle, context.strokeStyle, context.lineWidth] = [variant.colour, this.look.background, 1.5];
      context.fill();
      context.stroke();
    }
    context.beginPath();
    context.arc(at, bottom + 2, 7, 0, 2 * Math.PI);
    context.fillStyle = this.look.accent;
    context.fill();
  },

  drawNames(context, shown, x, y, top, bottom) {
    const ends = shown.map((variant) => y(variant.curves.val_loss[variant.last]));
    const places = spread(ends, 16, top + 2, bottom);
    [context.textAlign, context.textBaseline] = ["left", "middle"];
    context.font = `600 13px ${this.look.font}`;
    shown.forEach((variant, at) => {
      const end = x(this.end);
      [context.strokeStyle, context.lineWidth, context.globalAlpha] = [variant.colour, 1, 0.7];
      context.beginPath();
      context.moveTo(x(variant.last) + 3, ends[at]);
      context.lineTo(end + 9, places[at]);
      context.stroke();
      context.globalAlpha = 1;
      context.fillStyle = this.ink(variant);
      context.fillText(variant.name, end + 13, places[at]);
    });
  },
});

const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;

const players = new WeakMap();

export default function ({ data, parentElement }) {
  const player = players.get(parentElement) ?? new Player(parentElement);
  players.set(parentElement, player);
  player.update(data);
  return () => {
    player.destroy();
    players.delete(parentElement);
  };
}
