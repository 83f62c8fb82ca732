"""Parts that only some commands need, asked for before the work begins."""

from seedscape.assets.errors import MissingPartError, RequestError
from seedscape.scene.spec import shown


def require_torch(device: str = "cpu") -> None:
    """MissingPartError unless PyTorch is installed; RequestError unless it has that device."""
    try:
        import torch
    except ImportError as error:
        raise MissingPartError(
            f"training and evaluation need PyTorch ({error}); install it with: pip install 'seedscape[train]'"
        ) from None
    kind, _, number = device.partition(":")
    if kind == "cpu" and not number:
        return
    if kind != "cuda" or (number and not number.isdecimal()):
        raise RequestError(f"--device: expected cpu, cuda or cuda:N, got {shown(device)}")
    if int(number or 0) >= torch.cuda.device_count():
        raise RequestError(f"--device: expected one of {torch.cuda.device_count()} CUDA devices, got {device}")
