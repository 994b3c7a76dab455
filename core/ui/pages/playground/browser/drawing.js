// What is painted: maps of the plane, points, the network, and the loss curves.

const LEVELS = 256;

function rgb(colour) {
  const canvas = (rgb.canvas ??= new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true }));
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

function mixed(from, to, share) {
  return from.map((value, at) => Math.round(value + share * (to[at] - value)));
}

// The pixels of 256 values from the first colour over the ground to the second.
function scaleOf(low, ground, high, strength = 0.8) {
  const [a, b, c] = [low, ground, high].map(rgb);
  return Uint32Array.from({ length: LEVELS }, (_, level) => {
    const at = (2 * level) / (LEVELS - 1) - 1;
    const [red, green, blue] = mixed(b, at < 0 ? a : c, strength * Math.abs(at));
    return (255 << 24) | (blue << 16) | (green << 8) | red;
  });
}

// A small picture of side x side cells, which is drawn large.
class Map2d {
  constructor(side) {
    this.side = side;
    this.canvas = new OffscreenCanvas(side, side);
    this.context = this.canvas.getContext("2d");
    this.image = this.context.createImageData(side, side);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  // `values` from `from` on; `middle` has the colour of the ground, and `reach` above and below it the two full colours.
  paint(values, from, middle, reach, scale) {
    const factor = (LEVELS - 1) / (2 * reach || 1);
    for (let k = 0; k < this.pixels.length; k++) {
      const level = (values[from + k] - middle + reach) * factor;
      this.pixels[k] = scale[level > 0 ? (level < LEVELS - 1 ? level + 0.5 : LEVELS - 1) | 0 : 0];
    }
    this.context.putImageData(this.image, 0, 0);
  }
}

// Fits a canvas to its place on the screen; returns its context in CSS pixels, and whether its size has changed.
function fitted(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const changed = canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio);
  if (changed) [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { context, width, height, changed };
}

function boxPath(context, x, y, size, corner = 5) {
  context.beginPath();
  context.roundRect(x, y, size, size, corner);
}

function drawMap(context, map, x, y, size, { line, width = 1, corner = 5 }) {
  context.save();
  boxPath(context, x, y, size, corner);
  context.clip();
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(map.canvas, x, y, size, size);
  context.restore();
  boxPath(context, x, y, size, corner);
  [context.lineWidth, context.strokeStyle] = [width, line];
  context.stroke();
}

// The points of the data: training filled, validation as rings.
function drawPoints(context, points, square, size, look) {
  const radius = Math.max(2, Math.min(3.6, size / 75));
  const place = ([x, y]) => [((x - square.x) / square.half + 1) * 0.5 * size, (1 - (y - square.y) / square.half) * 0.5 * size];
  for (const [x, y, label, training] of points) {
    const [left, top] = place([x, y]);
    context.beginPath();
    context.arc(left, top, radius, 0, 2 * Math.PI);
    context.fillStyle = training ? look.deep[label] : look.background;
    context.fill();
    context.lineWidth = training ? 0.9 : 1.4;
    context.strokeStyle = training ? look.background : look.deep[label];
    context.stroke();
  }
}

// Where the units of every layer stand in a network of this size: [{x, y, size}] a layer. Two outputs of a network of two classes are one.
function placesOf(units, width, height) {
  const shown = [...units.slice(0, -1), 1];
  const narrow = width < 520;
  const head = narrow ? 20 : 26;
  const most = Math.max(...shown.slice(1, -1), 2);
  const gap = most > 8 ? 0.2 : 0.32;
  const room = height - head - 10;
  const size = Math.min(48, room / (most * (1 + gap)), width / (shown.length * (narrow ? 1.9 : 2.1)));
  const large = Math.min(narrow ? 74 : 132, width / (narrow ? 4.2 : 4.6), room);
  const [first, last] = [(narrow ? 16 : 34) + size / 2, width - large / 2 - (narrow ? 4 : 24)];
  return shown.map((count, layer) => {
    const x = shown.length === 1 ? first : first + ((last - first) * layer) / (shown.length - 1);
    if (layer === shown.length - 1) return [{ x, y: head + room / 2, size: large }];
    const step = layer ? room / count : Math.min(room / 2, size * 2.4);
    const distance = Math.min(step, size * (layer ? 1 + gap * 2.4 : 2.4));
    return Array.from({ length: count }, (_, unit) => ({ x, y: head + room / 2 + (unit - (count - 1) / 2) * distance, size }));
  });
}

function drawEdge(context, from, to, weight, most, look, faint) {
  const share = Math.min(1, Math.abs(weight) / most);
  if (share < 0.004) return;
  const [x, y, end, last] = [from.x + from.size / 2, from.y, to.x - to.size / 2, to.y];
  const bend = (end - x) * 0.45;
  context.beginPath();
  context.moveTo(x, y);
  context.bezierCurveTo(x + bend, y, end - bend, last, end, last);
  context.strokeStyle = look.edges[weight > 0 ? 1 : 0];
  context.globalAlpha = (0.25 + 0.65 * share) * (faint ? 0.15 : 1);
  context.lineWidth = 0.5 + 5.5 * share;
  context.stroke();
  context.globalAlpha = 1;
}

// The y axis of losses: logarithmic, with two to five ticks.
function lossAxis(curves, top, bottom) {
  const values = curves.flatMap((curve) => [...curve]).filter((value) => Number.isFinite(value) && value > 0);
  let [low, high] = [Math.max(Math.min(...values, 1), 1e-5), Math.max(...values, 0.01)];
  if (high > 20 * Math.max(curves[0]?.[0] ?? 1, 1)) high = 20 * Math.max(curves[0]?.[0] ?? 1, 1);
  if (high / low < 1.5) [low, high] = [low / 1.25, high * 1.25];
  [low, high] = [low / 1.06, high * 1.06];
  const y = (value) => bottom - ((Math.log(Math.min(Math.max(value, low), high)) - Math.log(low)) / Math.log(high / low)) * (bottom - top);
  const ticks = (steps) => {
    const found = [];
    for (let power = -5; power <= 4; power++) found.push(...steps.map((step) => Number(`${step}e${power}`)));
    return found.filter((tick) => tick >= low && tick <= high);
  };
  const [decades, ...finer] = [[1], [1, 3], [1, 2, 3, 5], [1, 2, 3, 4, 5, 6, 7, 8]].map(ticks);
  const every = Math.ceil(decades.length / 5);
  const chosen = finer.find((found) => found.length >= 2) ?? decades;
  return { y, ticks: chosen.length <= 5 ? chosen : decades.filter((_, at) => at % every === 0) };
}

// Labels at least `room` apart, in the order of their wishes, between top and bottom.
function spread(wishes, room, top, bottom) {
  const order = wishes.map((wish, at) => [wish, at]).sort((a, b) => a[0] - b[0]);
  const places = order.map(([wish]) => wish);
  for (let at = 1; at < places.length; at++) places[at] = Math.max(places[at], places[at - 1] + room);
  const over = Math.max(0, (places.at(-1) ?? 0) - bottom);
  if (over) places[places.length - 1] -= over;
  for (let at = places.length - 2; at >= 0; at--) places[at] = Math.min(places[at], places[at + 1] - room);
  const found = [];
  order.forEach(([, at], rank) => (found[at] = Math.max(top, places[rank])));
  return found;
}
