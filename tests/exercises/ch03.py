"""Common wrong answers to the exercises of chapter 03."""

import numpy as np


def _fourier(x, y, d=None):
    return np.fft.irfft(x * y, n=d)


def _rolled(a, b, way):
    return np.array([a @ np.roll(b, way * k) for k in range(len(a))])


def _pushed_out(a, b):
    padded = np.concatenate([b, np.zeros(len(b))])
    return np.array([a @ padded[k : k + len(a)] for k in range(len(a))])


def _of_four(a, b):
    k = np.arange(4)
    return b[(k[:, None] + k) % 4] @ a[:4]


WRONG = {
    "03.2": [
        ("not in a circle", lambda a, b: np.correlate(a, b, "full"), "nothing sticks out"),
        ("the first entry only", lambda a, b: a @ b, "one number for each k"),
        ("the square of products", np.outer, "one number for each k"),
        ("convolution", lambda a, b: _fourier(np.fft.rfft(a), np.fft.rfft(b), len(a)), "difference that is k"),
        ("rolled to the wrong side", lambda a, b: _rolled(a, b, 1), "stands beside"),
        ("a shifted instead of b", lambda a, b: _rolled(b, a, -1), "stands beside"),
        ("pushed out and lost", _pushed_out, "come back at the other end"),
        ("no shift at all", lambda a, b: a * b, "work out k = 1"),
        ("for four only", _of_four, "length written somewhere"),
    ],
    "03.3": [
        ("without the bar", lambda m, r: _fourier(np.fft.rfft(m), 1 / np.fft.rfft(r), len(m)), "What does the bar"),
        ("correlated once more", lambda m, r: _fourier(np.conj(np.fft.rfft(m)), np.fft.rfft(r), len(m)), "too large"),
        ("entry by entry", lambda m, r: m / r, "how is a product undone"),
        ("as under add", lambda m, r: m - r, "how is a product undone"),
        ("convolved", lambda m, r: _fourier(np.fft.rfft(m), np.fft.rfft(r), len(m)), "how is a product undone"),
        ("the spectrum itself", lambda m, r: np.abs(np.fft.rfft(m) / np.fft.rfft(r)), "how is a product undone"),
        ("width not given", lambda m, r: np.fft.irfft(np.conj(np.fft.rfft(m) / np.fft.rfft(r))), "which it is"),
    ],
}  # fmt: skip
