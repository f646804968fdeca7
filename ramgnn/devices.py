"""Is there such a device? Asked before any work, by the functions of the package and by the command line."""

from __future__ import annotations

import torch

from ramgnn import arguments
from ramgnn.errors import RamgnnError


def device_name(device: str | torch.device) -> str:
    """What a device is called.

    Raises:
        RamgnnError: it is neither text nor a `torch.device`.
    """
    return str(arguments.instance("device", device, (str, torch.device), "a name, such as 'cpu' or 'cuda'"))


def checked_device(device: str | torch.device) -> str:
    """The name of a device that tensors can be kept on.

    Args:
        device: ``"cpu"``, ``"cuda"``, ``"cuda:1"`` and so on.

    Raises:
        RamgnnError: there is none of that name, or it holds no numbers, as ``"meta"``.
    """
    name = device_name(device)
    try:
        torch.zeros(1, device=name).item()
    except (RuntimeError, AssertionError, ImportError) as error:
        reason = str(error).splitlines()[0]
        raise RamgnnError(f"cannot use the device {name!r}: {reason}; 'cpu' always works") from None
    return name
