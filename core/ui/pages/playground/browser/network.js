// What a network says: the activations as PyTorch computes them, and a forward pass over many places at once.
// Weights are those of one epoch: from input to output, a layer's weight (outputs x inputs, row by row) before its bias.

const ACTIVATIONS = {
  identity: (z) => z,
  relu: (z) => (z > 0 ? z : 0),
  leaky_relu: (z) => (z > 0 ? z : 0.01 * z),
  tanh: Math.tanh,
  sigmoid: (z) => 1 / (1 + Math.exp(-z)),
  gelu: (z) => 0.5 * z * (1 + erf(z * Math.SQRT1_2)),
  silu: (z) => z / (1 + Math.exp(-z)),
  elu: (z) => (z > 0 ? z : Math.expm1(z)),
};

// Abramowitz & Stegun 1964, 7.1.26: off by 1.5e-7 at most.
function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * Math.exp(-x * x);
  return x >= 0 ? 1 - tail : tail - 1;
}

// Where each layer's numbers stand among the weights of an epoch. `units`: of every layer, inputs and outputs among them.
function shapesOf(units) {
  let place = 0;
  const layers = [];
  for (let at = 1; at < units.length; at++) {
    const [inputs, outputs] = [units[at - 1], units[at]];
    layers.push({ inputs, outputs, weight: place, bias: place + inputs * outputs });
    place += (inputs + 1) * outputs;
  }
  return { layers, size: place };
}

// The units' outputs at n places, a Float32Array (units x n) a layer; the last holds the logits. `x`: the inputs (2 x n), scaled as in training.
function forward(weights, shapes, activation, x, n, into = []) {
  const act = ACTIVATIONS[activation];
  let below = x;
  shapes.layers.forEach(({ inputs, outputs, weight, bias }, at) => {
    const out = into[at] && into[at].length === outputs * n ? into[at] : (into[at] = new Float32Array(outputs * n));
    const last = at === shapes.layers.length - 1;
    for (let o = 0; o < outputs; o++) {
      const row = o * n;
      out.fill(weights[bias + o], row, row + n);
      for (let i = 0; i < inputs; i++) {
        const w = weights[weight + o * inputs + i];
        if (w === 0) continue;
        for (let k = 0, from = i * n; k < n; k++) out[row + k] += w * below[from + k];
      }
      if (!last) for (let k = row; k < row + n; k++) out[k] = act(out[k]);
    }
    below = out;
  });
  return into;
}

// The probability of class 1 at each place, from the logits (2 x n).
function probabilities(logits, n, into) {
  for (let k = 0; k < n; k++) into[k] = 1 / (1 + Math.exp(logits[k] - logits[n + k]));
  return into;
}

// The scaled inputs (2 x side^2) over a square of the plane, rows from its upper edge down.
function gridOf(side, square, scaling) {
  const x = new Float32Array(2 * side * side);
  const step = (2 * square.half) / side;
  for (let row = 0, k = 0; row < side; row++) {
    for (let column = 0; column < side; column++, k++) {
      x[k] = (square.x - square.half + (column + 0.5) * step - scaling.mean[0]) / scaling.std[0];
      x[side * side + k] = (square.y + square.half - (row + 0.5) * step - scaling.mean[1]) / scaling.std[1];
    }
  }
  return x;
}

// The scaled inputs (2 x n) of points [[x, y], ...].
function inputsOf(points, scaling) {
  const x = new Float32Array(2 * points.length);
  points.forEach(([a, b], k) => {
    x[k] = (a - scaling.mean[0]) / scaling.std[0];
    x[points.length + k] = (b - scaling.mean[1]) / scaling.std[1];
  });
  return x;
}
