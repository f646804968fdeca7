"""Models to compare with, one file each.

Closed forms have ``fit(dataset, …)``, which gives back a scorer for `ramgnn.evaluation`. Trained models have
``Settings``, a class that is trained epoch by epoch (`ramgnn.baselines.fitting`), and ``fit(dataset, settings, seed)``.
"""

from ramgnn.baselines import (
    als,
    cke,
    ease,
    fism,
    fm,
    itemknn,
    kgpolicy,
    lightgcn,
    mf,
    nfm,
    popularity,
    rcf,
    sasrec,
)

FIT = {"popularity": popularity.fit, "ease": ease.fit}  # what `train` shows beside a run: fitted in a second

CLOSED = {"popularity": popularity.fit, "itemknn": itemknn.fit, "ease": ease.fit, "als": als.fit}

TRAINED = {
    "mf": (mf.MF, mf.Settings),
    "fm": (fm.FM, fm.Settings),
    "nfm": (nfm.NFM, nfm.Settings),
    "fism": (fism.FISM, fism.Settings),
    "cke": (cke.CKE, cke.Settings),
    "lightgcn": (lightgcn.LightGCN, lightgcn.Settings),
    "kgpolicy": (kgpolicy.KGPolicy, kgpolicy.Settings),
    "rcf": (rcf.RCF, rcf.Settings),
    "sasrec": (sasrec.SASRec, sasrec.Settings),
}

__all__ = ["CLOSED", "FIT", "TRAINED"]
