"""Models with a clock: what comes next for somebody, from what came before and how long before."""
