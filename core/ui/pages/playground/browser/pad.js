// A pad on which points of two classes are set by hand. It hands back a text: two letters a point, a dot between the classes.

const GAP = 0.055; // at least so far apart are the points of one stroke; the pad reaches from -1 to 1
const ERASED = 0.09;

class Pad {
  constructor(parent) {
    this.root = parent.querySelector(".pad");
    this.canvas = this.root.querySelector("canvas");
    this.host = parent.host ?? this.root;
    [this.points, this.brush, this.cursor, this.said] = [[[], []], 0, null, null];
    const part = (name) => this.root.querySelector(name);
    this.root.querySelectorAll("[data-brush]").forEach((button) => button.addEventListener("click", () => this.pick(Number(button.dataset.brush))));
    part(".clear").addEventListener("click", () => ((this.points = [[], []]), this.draw()));
    part(".done").addEventListener("click", () => this.hand(this.text()));
    this.canvas.addEventListener("pointerdown", (event) => (this.canvas.setPointerCapture(event.pointerId), this.stroke(event)));
    this.canvas.addEventListener("pointermove", (event) => this.canvas.hasPointerCapture(event.pointerId) && this.stroke(event));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("blur", () => ((this.cursor = null), this.draw()));
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.canvas);
  }

  update(data, hand) {
    Object.assign(this, { told: data, hand });
    if (data.points !== this.said) this.points = this.read((this.said = data.points));
    this.pick(this.brush);
  }

  read(text) {
    const place = (letter) => (2 * this.told.letters.indexOf(letter)) / (this.told.letters.length - 1) - 1;
    const found = text.split(".").map((part) => (part.match(/../g) ?? []).map(([x, y]) => [place(x), place(y)]));
    return found.length === 2 ? found : [[], []];
  }

  text() {
    const { letters } = this.told;
    const letter = (value) => letters[Math.round(((Math.max(-1, Math.min(1, value)) + 1) / 2) * (letters.length - 1))];
    return this.points.map((points) => points.map(([x, y]) => letter(x) + letter(y)).join("")).join(".");
  }

  pick(brush) {
    this.brush = brush;
    this.root.querySelectorAll("[data-brush]").forEach((button) => (button.ariaPressed = String(Number(button.dataset.brush) === brush)));
    this.draw();
  }

  stroke(event) {
    const box = this.canvas.getBoundingClientRect();
    this.put((2 * (event.clientX - box.left)) / box.width - 1, 1 - (2 * (event.clientY - box.top)) / box.height);
  }

  put(x, y) {
    const far = (reach) => ([a, b]) => Math.hypot(a - x, b - y) > reach;
    if (Math.max(Math.abs(x), Math.abs(y)) > 1) return;
    if (this.brush === 2) this.points = this.points.map((points) => points.filter(far(ERASED)));
    else if (this.points[this.brush].length < this.told.most && this.points[this.brush].every(far(GAP))) this.points[this.brush].push([x, y]);
    this.draw();
  }

  key(event) {
    const step = event.shiftKey ? 0.2 : 0.05;
    const [x, y] = this.cursor ?? [0, 0];
    const moved = { ArrowLeft: [x - step, y], ArrowRight: [x + step, y], ArrowUp: [x, y + step], ArrowDown: [x, y - step] }[event.key];
    if (moved) this.cursor = moved.map((value) => Math.max(-1, Math.min(1, value)));
    else if (event.key === " " || event.key === "Enter") this.put(x, y);
    else if (/^[1-3]$/.test(event.key)) this.pick(Number(event.key) - 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
    this.draw();
  }

  draw() {
    if (!this.told || !this.canvas.clientWidth) return;
    const style = getComputedStyle(this.host);
    const [background, text] = ["background-color", "text-color"].map((name) => style.getPropertyValue(`--st-${name}`).trim());
    const { context, width } = fitted(this.canvas);
    context.fillStyle = background;
    context.fillRect(0, 0, width, width);
    const look = { deep: this.told.classes, background };
    this.points.forEach((points, label) => drawPoints(context, points.map(([x, y]) => [x, y, label, 1]), { x: 0, y: 0, half: 1 }, width, look));
    if (this.cursor) {
      const [x, y] = [((this.cursor[0] + 1) / 2) * width, ((1 - this.cursor[1]) / 2) * width];
      context.strokeStyle = text;
      context.strokeRect(x - 6, y - 6, 12, 12);
    }
    const counts = this.points.map((points) => points.length);
    const enough = counts.every((count) => count >= this.told.fewest);
    this.root.querySelector(".done").disabled = !enough;
    this.root.querySelector(".count").textContent = `${counts.join(" + ")} points${enough ? "" : `: draw at least ${this.told.fewest} of each`}`;
    this.root.querySelectorAll("[data-brush] i").forEach((dot, at) => (dot.style.background = this.told.classes[at] ?? "none"));
    this.canvas.ariaLabel = `A square of the plane with ${counts[0]} points of one class and ${counts[1]} of the other. Arrows move, Enter sets a point.`;
  }
}

const pads = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const pad = pads.get(parentElement) ?? new Pad(parentElement);
  pads.set(parentElement, pad);
  pad.update(data, (text) => setTriggerValue("drawn", text));
  return () => pads.delete(parentElement);
}
