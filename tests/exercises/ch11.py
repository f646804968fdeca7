"""Common wrong answers to the exercises of chapter 11."""

WRONG = {
    "11.2": [
        ("no step", lambda r, k, s, m: k + sum(r), "one step of 2"),
        ("fixed step", lambda r, k, s, m: max(1, min(m, k + 2 * sum(r))), "the step is an argument"),
        ("no bounds", lambda r, k, s, m: k + s * sum(r), "never below 1"),
        ("bounds at the end", lambda r, k, s, m: max(1, min(m, k + s * sum(r))), "not at the end only"),
        ("only the last", lambda r, k, s, m: k + s * (r[-1] if r else 0), "5, 7, 9, 7"),
    ],
    "11.3": [
        ("a share", lambda found, coins: sum(c >= found for c in coins) / len(coins), "never zero"),
        (
            "more than",
            lambda found, coins: (1 + sum(c > found for c in coins)) / (1 + len(coins)),
            "an equal end counts",
        ),
        ("below", lambda found, coins: (1 + sum(c <= found for c in coins)) / (1 + len(coins)), "no coin of three"),
        ("no one below", lambda found, coins: (1 + sum(c >= found for c in coins)) / len(coins), "no coin of three"),
    ],
}
