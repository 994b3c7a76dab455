"""What labs give the questions: frames with a row a seed, which say the same as their functions for one seed."""

from __future__ import annotations

import pytest

from core.labs.distributed import parameter_server
from core.labs.distributed.parameter_server import Cluster
from core.labs.optimization import double_well
from core.labs.privacy import data_recovery, gradient_inversion, membership
from core.labs.privacy.data_recovery import Leak
from core.labs.privacy.gradient_inversion import Inversion
from core.labs.privacy.membership import Membership


def test_recoveries():
    found = data_recovery.recoveries({"one": {}, "four": {"batch_size": 4, "activation": "relu"}}, 2).set_index(["leak", "seed"])
    leak = Leak(batch_size=4, activation="relu")
    one = data_recovery.recover(leak, 1)
    blind = one.units.sort_values("bias_change")["error"].iloc[-1]
    assert found.loc[("four", 1)].tolist() == [blind, one.examples["error"].min(), (one.examples["error"] <= data_recovery.EXACT).mean()]
    assert len(found) == 4


def test_shares_found_by_search():
    found = gradient_inversion.shares(2, batch_size=1, iterations=50)
    assert found["share"].tolist() == [gradient_inversion.share_recovered(Inversion(batch_size=1, iterations=50), seed) for seed in (0, 1)]


def test_attacks_on_membership():
    small = {"samples": 200, "hidden": 4, "epochs": 1}
    assert membership.attacks(2, **small).equals(membership.infer(Membership(**small), (0, 1)).auc)


def test_ends_in_the_double_well():
    found = double_well.ends(3, ["full", 4])
    assert found.equals(double_well.descend(None, ["full", 4], range(3)).table)
    assert not found.loc[found["batch"] == "full", "left"].any()


@pytest.mark.parametrize("rule", ["synchronous", "asynchronous"])
def test_curves_of_clusters(rule):
    found = parameter_server.curves({"a": {"rule": rule, "seconds": 8}, "b": {"rule": rule, "seconds": 8, "workers": 2}}, 2)
    known = parameter_server.simulate(Cluster(rule=rule, seconds=8, workers=2), 1).curve
    curve = found[(found["cluster"] == "b") & (found["seed"] == 1)]
    assert curve[list(known.columns)].reset_index(drop=True).equals(known)
    assert found.groupby(["cluster", "seed"]).ngroups == 4
