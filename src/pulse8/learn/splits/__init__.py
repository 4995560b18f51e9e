"""Who trains, who is tested: splits by subject, asserted disjoint."""
