"""How well methods do where the truth is known: baselines, oracle, frozen strata, and a user's own camera."""
