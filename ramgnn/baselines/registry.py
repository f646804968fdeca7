"""Every baseline by name. Importing this imports all of them, PyTorch Geometric included."""

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
