"""How well methods do where the truth is known: baselines, oracle, frozen strata."""
