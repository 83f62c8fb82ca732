"""A preview picture of a GLB from its first spawn point."""


def render_preview(data: bytes) -> bytes:
    raise NotImplementedError
