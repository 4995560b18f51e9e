"""Confidence against errors, by hand and against plain counting."""

import numpy as np
import pytest

from pulse8.errors import InputError
from pulse8.measure.signal.selection import auroc, risk_coverage, risks_at, upper_share


def test_auroc_is_the_share_of_pairs_in_order_ties_half():
    confidence, right = [0.9, 0.5, 0.5, 0.1], [True, True, False, False]
    assert auroc(confidence, right) == pytest.approx((1 + 1 + 0.5 + 1) / 4)
    assert auroc([1, 2], [True, True]) is None
    rng = np.random.default_rng(0)
    sure, good = rng.integers(0, 5, 40), rng.random(40) > 0.4
    pairs = [(a > b) + 0.5 * (a == b) for a in sure[good] for b in sure[~good]]
    assert auroc(sure, good) == pytest.approx(np.mean(pairs))


def test_risk_falls_to_the_surest_and_ties_are_accepted_together():
    np.testing.assert_allclose(risk_coverage([4, 1, 2], [0.1, 0.9, 0.5]), [1, 1.5, 7 / 3])
    np.testing.assert_allclose(risk_coverage([4, 1, 2], [0.5, 0.9, 0.5]), [1, 7 / 3, 7 / 3])
    assert risks_at([4, 1, 2, 3], [0.1, 0.9, 0.5, 0.3])[0] == 2.5
    assert risks_at([4, 1, 2, 3], [0.1, 0.9, 0.5, 0.3])[-1] == 1.5


def test_the_upper_bound_of_none_in_300_is_a_hundredth():
    assert upper_share(0, 300) == pytest.approx(1 - 0.05 ** (1 / 300))
    assert upper_share(3, 3) == 1
    assert upper_share(0, 0) == 1
    assert upper_share(5, 100) > 0.05


def test_lengths_must_agree():
    with pytest.raises(InputError, match="one a reading"):
        auroc([1.0], [True, False])
    with pytest.raises(InputError):
        risk_coverage([], [])
