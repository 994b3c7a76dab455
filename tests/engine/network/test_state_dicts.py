"""Stored weights: what was put in comes out, without torch, and nothing else is taken."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch

import core
from core.engine.network import state_dicts
from core.engine.network.networks import trained_model

MODELS = ({"kind": "mlp", "normalization": "batch"}, {"kind": "convnet"}, {"kind": "recurrent"})


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model["kind"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("store", [state_dicts.to_bytes, lambda state: saved(state)], ids=["now", "by earlier versions"])
def test_stored_weights_come_back_in_order_and_to_the_bit(model, dtype, store):
    run = core.RunSettings.model_validate({"model": model, "training": {"dtype": dtype}})
    expected = core.build_model(run).state_dict()
    found = state_dicts.arrays(store(expected))
    assert list(found) == list(expected)
    for name, tensor in expected.items():
        assert found[name].shape == tuple(tensor.shape)
        assert found[name].dtype == tensor.numpy().dtype
        assert np.array_equal(found[name], tensor.numpy())


def test_a_network_of_an_earlier_version_is_the_same_network():
    run = core.RunSettings.model_validate({"model": {"kind": "mlp", "hidden": [4] * 11}})
    state = core.build_model(run).state_dict()
    now, then = (trained_model(run, data).state_dict() for data in (state_dicts.to_bytes(state), saved(state)))
    for name, tensor in state.items():
        assert torch.equal(now[name], tensor)
        assert torch.equal(then[name], tensor)


def test_stored_weights_are_read_without_torch():
    data = state_dicts.to_bytes({"w": torch.arange(3.0)})
    imports = "import sys; from core.engine.network import state_dicts"
    code = f"{imports}; print(state_dicts.arrays({data!r})['w'].sum(), 'torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["3.0", "False"]


def test_views_of_one_storage_are_told_apart():
    whole = torch.arange(12.0).view(3, 4)
    found = state_dicts.arrays(state_dicts.to_bytes({"turned": whole.T, "row": whole[1], "empty": whole[:0]}))
    assert np.array_equal(found["turned"], whole.T.numpy())
    assert np.array_equal(found["row"], whole[1].numpy())
    assert found["empty"].shape == (0, 4)


class Hostile:
    def __reduce__(self):
        return (print, ("this must not be said",))


def saved(thing):
    stream = io.BytesIO()
    torch.save(thing, stream)
    return stream.getvalue()


OTHERS = {
    "nothing": b"",
    "no zip": b"PK no zip",
    "a plain pickle": pickle.dumps(Hostile()),
    "a call": saved({"a": Hostile()}),
    "a list": saved([1, 2]),
    "a number": saved({"a": 3}),
}


@pytest.mark.parametrize("data", OTHERS.values(), ids=OTHERS)
def test_anything_but_weights_is_refused_and_not_run(data, capsys):
    with pytest.raises(state_dicts.WeightsError, match="no stored weights"):
        state_dicts.arrays(data)
    assert capsys.readouterr().out == ""
