"""A notebook's training of one run: plain modules, torch's optimizers, one network. The mathematics of a kind is its own class's.

So it tests that the engine does, to many runs at once, what the classes of a run's choices say. That these say the right thing is tested
kind by kind against torch, scikit-learn and formulas.
"""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise

import torch
from sklearn.metrics import f1_score
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import parameters_to_vector, vector_to_parameters

import core
from core.choices.losses import loss_for
from core.choices.schedules import PlateauState
from core.choices.stopping import Watch
from core.engine.network.networks import DTYPES
from core.engine.streams import epoch_order, stream_seed, uniforms
from core.engine.training.pruner import uniform_of
from core.engine.training_data import split_of


class Masked(nn.Module):
    """Inverted dropout in training, by the masks that the run draws."""

    def __init__(self, rate, notebook, number):
        super().__init__()
        self.rate, self.number = rate, number
        self.draw = lambda shape: uniforms(stream_seed(notebook.run, "dropout"), number, notebook.step, shape)

    def forward(self, x):
        return x * (self.draw(tuple(x.shape)).to(x) >= self.rate) / (1 - self.rate) if self.training else x


class Notebook:
    """One run, as it would be written by hand."""

    def __init__(self, run):
        self.run, self.split, self.mistake, self.step = run, split_of(run), run.mistake, 0
        dtype = DTYPES[run.training.dtype]
        self.regression = self.split.task == "regression"
        as_target = dtype if self.regression else torch.long
        self.x, self.x_val = (torch.tensor(x, dtype=dtype) for x in (self.split.x_train, self.split.x_val))
        self.y, self.y_val = (torch.tensor(y, dtype=as_target) for y in (self.split.y_train, self.split.y_val))
        self.model = core.build_model(run)
        self.parameters = list(self.model.parameters())
        self.put_masks_in()
        layers = list(dict.fromkeys(name.partition(".")[0] for name, _ in self.model.named_parameters()))
        frozen = self.mistake.frozen(layers)
        held = [torch.full((p.numel(),), name.partition(".")[0] in frozen) for name, p in self.model.named_parameters()]
        self.frozen, self.start = torch.cat(held), parameters_to_vector(self.parameters).detach().clone()
        self.left = torch.zeros_like(self.start)  # of the gradient, where nobody empties it
        self.hidden = []
        for name, module in self.model.named_modules():
            if name.endswith("activation"):
                module.register_forward_hook(lambda _module, _inputs, output: self.hidden.append(output.flatten(1)))
        self.build_optimizers()
        self.mask = torch.ones_like(parameters_to_vector(self.parameters), dtype=torch.bool)
        self.movement = torch.zeros_like(parameters_to_vector(self.parameters))
        self.norms, self.plateau, self.watch, self.best = [], PlateauState(), Watch(), None
        self.teachers = [Notebook(teacher).train() for teacher in run.teachers]

    def put_masks_in(self):
        """Dropout with the masks of the run's stream in place of torch's own."""
        for layer in self.model.children():
            for name, child in layer.named_children():
                if isinstance(child, nn.Dropout):
                    setattr(layer, name, Masked(child.p, self, list(self.run.model.dropouts()).index(f"{self.name_of(layer)}.dropout")))

    def name_of(self, layer):
        return next(name for name, child in self.model.named_children() if child is layer)

    def build_optimizers(self):
        built = self.run.optimizer.build(self.parameters)
        self.optimizers = built if isinstance(built, list) else [built]

    def train(self):
        """Trains to the end."""
        size = len(self.x) if self.run.training.batch_size == "full" else self.run.training.batch_size
        steps = -(-len(self.x) // size)
        self.end_of_epoch(0)
        for epoch in range(self.run.training.epochs):
            for place, batch in enumerate(torch.from_numpy(epoch_order(self.run, epoch, len(self.x))).split(size)):
                self.update(batch, epoch * steps + place, steps)
            if self.end_of_epoch(epoch + 1):
                break
        if self.best is not None:
            self.model.load_state_dict(self.best)
        for optimizer in self.optimizers:
            if self.run.optimizer.averaging:
                optimizer.eval()
        self.model.eval()
        return self

    def update(self, batch, step, steps):
        self.step = step
        factor = self.plateau.factor * self.run.schedule.factor(step, steps, steps * self.run.training.epochs)
        self.gradient(batch, first=True)
        self.movement -= parameters_to_vector(self.parameters).detach() * parameters_to_vector(p.grad for p in self.parameters)
        rate = self.run.optimizer.lr * factor
        self.decay(rate)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = optimizer.defaults["lr"] * factor
            if self.run.optimizer.closure:
                optimizer.step(lambda: self.gradient(batch))
            else:
                optimizer.step()
        self.shrink(rate)
        self.hold()

    @property
    def matrices(self):
        """The weights, a row a unit; biases and normalization parameters are no weights."""
        return [parameter.flatten(1) for parameter in self.parameters if parameter.dim() > 1]

    def penalty(self):
        """What the penalties that have a gradient add to the loss."""
        choice, found = self.run.penalty, 0.0
        for w in self.matrices:
            norms = w.norm(dim=1).sum() if choice.groups == "unit" else w.norm()
            found = found + choice.l1 * w.abs().sum() + choice.l2_squared * w.square().sum() + choice.l2_norm * norms
        return found

    @torch.no_grad()
    def decay(self, rate):
        for w in self.matrices:
            w *= 1 - rate * self.run.penalty.decoupled_decay

    @torch.no_grad()
    def shrink(self, rate):
        """Proximal steps, by torch's own soft threshold and the formula of the group lasso; then the longest norm of a unit."""
        choice = self.run.penalty
        for w in self.matrices:
            w.copy_(F.softshrink(w, rate * choice.l1_proximal))
            if choice.l2_norm_proximal:
                norm = w.norm(dim=1, keepdim=True) if choice.groups == "unit" else w.norm()
                w *= (1 - rate * choice.l2_norm_proximal / norm).clamp(min=0)
            if choice.max_norm is not None:  # torch.renorm divides by a norm that is 1e-7 larger
                w.copy_(w.where(w.norm(dim=1, keepdim=True) <= choice.max_norm, choice.max_norm * F.normalize(w)))

    def gradient(self, batch, *, first=False):
        """Gradients of the batch, clipped; returns the loss."""
        self.model.train()
        for parameter in self.parameters:
            parameter.grad = None
        loss = self.loss(batch)
        (self.mistake.sign * (loss + self.penalty())).backward()
        flat = (parameters_to_vector(p.grad for p in self.parameters) + self.left).where(~self.frozen, 0.0) * self.mask
        self.norms += [flat.norm()] if first else []
        if self.run.clipping.kind != "none":
            self.run.clipping.apply(flat[None], torch.stack(self.norms)[None])
        if self.mistake.adds_up:
            self.left = flat.clone()
        start = 0
        for parameter in self.parameters:
            parameter.grad = flat[start : start + parameter.numel()].view_as(parameter).clone()
            start += parameter.numel()
        return loss

    def loss(self, batch):
        self.hidden.clear()
        out = self.model(self.mistake.inputs(self.x[batch][None])[0])
        hidden = self.hidden[-1] if self.hidden else None
        loss = self.labels_loss(self.mistake.for_loss(out[None], self.split.targets)[0], self.y[batch])
        if not self.teachers:
            return loss
        choice, answers = self.run.distillation, []
        for teacher in self.teachers:
            teacher.hidden.clear()
            answers.append((teacher.model(self.x[batch]).detach(), teacher.hidden[-1].detach()))
        soft = torch.stack([(logits / choice.temperature).softmax(1) for logits, _ in answers]).mean(0)
        divergence = F.kl_div((out / choice.temperature).log_softmax(1), soft, reduction="batchmean")
        loss = (1 - choice.weight) * loss + choice.weight * choice.temperature**2 * divergence
        if choice.hint_weight:
            ours, theirs = (F.normalize(a @ a.T, dim=1) for a in (hidden, answers[0][1]))
            loss = loss + choice.hint_weight * (ours - theirs).square().sum(1).mean()
        return loss

    def labels_loss(self, out, y, choice=None):
        choice = choice or loss_for(self.run.loss, self.split.task)
        if self.regression:
            return choice.of(out[:, 0] - y).mean()
        if y.dim() > 1:
            out, y = out.reshape(y.numel(), -1), y.flatten()
        return choice.of(F.cross_entropy(out, y, reduction="none")).mean()

    @torch.no_grad()
    def hold(self):
        held = parameters_to_vector(self.parameters).where(~self.frozen, self.start)
        vector_to_parameters(held * self.mask, self.parameters)

    def end_of_epoch(self, epoch):
        """Prunes, evaluates, and tells whether the run ends."""
        pruning, stopping = self.run.pruning, self.run.stopping
        if pruning.rewind == epoch:
            self.rewind = deepcopy(parameters_to_vector(self.parameters).detach())
        if epoch in pruning.epochs:
            self.prune(epoch)
            if stopping.restore_best:
                self.watch = replace(self.watch, best=math.inf, waited=0)
        metrics = self.evaluated()
        if self.run.schedule.watches:
            self.plateau = self.run.schedule.update(self.plateau, metrics["val_loss"])
        if stopping.kind == "none":
            return False
        self.watch = stopping.update(self.watch, stopping.value(metrics))
        if stopping.restore_best and self.watch.waited == 0:
            self.best = deepcopy(self.model.state_dict())
        return stopping.stops(self.watch)

    @torch.no_grad()
    def evaluated(self):
        for optimizer in self.optimizers:
            if self.run.optimizer.averaging:
                optimizer.eval()
        out = self.model.eval()(self.x_val)
        for optimizer in self.optimizers:
            if self.run.optimizer.averaging:
                optimizer.train()
        if self.regression:
            return {"val_loss": F.mse_loss(out[:, 0], self.y_val).item(), "val_accuracy": math.nan, "val_f1": math.nan}
        y = self.y_val.flatten()
        out = out.reshape(len(y), -1)
        guess = out.argmax(1)
        accuracy, f1 = (guess == y).double().mean().item(), f1_score(y, guess, average="macro")
        return {"val_loss": F.cross_entropy(out, y).item(), "val_accuracy": accuracy, "val_f1": f1}

    def prune(self, epoch):
        choice = self.run.pruning
        seen = {"weights": parameters_to_vector(self.parameters).detach(), "movement": self.movement}
        seen["uniform"] = uniform_of(self.run, len(self.mask), epoch).to(self.movement)
        self.model.zero_grad()
        self.labels_loss(self.model.eval()(self.x), self.y).backward()
        seen["gradient"] = parameters_to_vector(p.grad for p in self.parameters)
        score = choice.score(**{name: seen[name] for name in choice.looks_at()}).where(self.mask, -torch.inf)
        masks = self.masks_of_units if choice.by_unit else self.masks_of_weights
        self.mask &= torch.cat([mask.flatten() for mask in masks(self.shaped(score), choice.target(epoch))])
        if choice.rewind is not None:
            vector_to_parameters(self.rewind.clone(), self.parameters)
            self.build_optimizers()
        self.hold()

    def shaped(self, vector):
        return [part.view_as(p) for part, p in zip(vector.split([p.numel() for p in self.parameters]), self.parameters, strict=True)]

    def masks_of_weights(self, scores, sparsity):
        matrices = [score for score in scores if score.dim() > 1]
        scopes = [[score] for score in matrices] if self.run.pruning.by_layer else [matrices]
        limits = {}
        for scope in scopes:
            ordered = torch.cat([score.flatten() for score in scope]).sort().values
            count = round(sparsity * len(ordered))
            limits |= {id(score): ordered[count - 1] if count else -math.inf for score in scope}
        return [score > limits[id(score)] if score.dim() > 1 else torch.ones_like(score, dtype=torch.bool) for score in scores]

    def masks_of_units(self, scores, sparsity):
        """Of an MLP with biases: weight, bias, weight, bias, ..."""
        masks = [torch.ones_like(score, dtype=torch.bool) for score in scores]
        for layer, following in pairwise(range(0, len(scores), 2)):
            worth = scores[layer].clamp(min=0).sum(1)
            stays = worth > worth.sort().values[round(sparsity * len(worth)) - 1]
            masks[layer] &= stays[:, None]
            masks[layer + 1] &= stays
            masks[following] &= stays[None]
        return masks


def trained_by_hand(run) -> nn.Module:
    """The network of a run, trained in a notebook."""
    return Notebook(run).train().model
