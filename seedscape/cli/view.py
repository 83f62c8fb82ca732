"""`seedscape view FILE.glb`: the viewer on one file, in the browser and on a headset."""

from pathlib import Path

import click

from seedscape.assets.errors import RequestError
from seedscape.cli.request import whole_number
from seedscape.cli.say import note, say
from seedscape.scene.spec import shown

GLB_MAGIC = b"glTF"


@click.command()
@click.argument("file", metavar="FILE.glb")
@click.option("--host", default="127.0.0.1", metavar="H", help="Address to listen at.  [127.0.0.1]")
@click.option("--port", default="8421", metavar="P", help="0: any free one.  [8421]")
@click.option("--tls-cert", metavar="F", help="HTTPS with this certificate (PEM).")
@click.option("--tls-key", metavar="F", help="The key of the certificate (PEM).")
@click.option("--no-open", is_flag=True, help="Only say the address, open no browser.")
def view(file: str, host: str, port: str, tls_cert: str | None, tls_key: str | None, no_open: bool) -> None:
    """Show a GLB, anybody's: walk in it on a desktop or a phone, enter it with a headset (docs/headset.md).

    Serves until Ctrl-C. The address goes to standard output.
    """
    number = whole_number("--port", port, 0, 65535)
    if not host or not host.isascii() or "\0" in host:
        raise RequestError(f"--host: expected a name or an address, got {shown(host)}")
    path = _glb(file)
    cert, key = (None if name is None else Path(name) for name in (tls_cert, tls_key))

    from seedscape.view import open_server

    with open_server(path, host, number, cert, key) as server:
        say(server.url)
        if not no_open:
            import webbrowser

            webbrowser.open(server.url)
        note("Ctrl-C ends it")
        try:
            server.serve_forever()
        except KeyboardInterrupt:  # the way it is meant to end
            pass


def _glb(file: str) -> Path:
    """RequestError where there is no such file, or it is something else."""
    try:
        with open(file, "rb") as opened:
            head = opened.read(len(GLB_MAGIC))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RequestError(f"FILE.glb: expected a file that can be read, got {shown(file)}: {reason}") from None
    if head != GLB_MAGIC:
        raise RequestError(f"FILE.glb: expected binary glTF, got another kind of file: {shown(file)}")
    return Path(file).absolute()
