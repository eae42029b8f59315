"""The command group `drkit sandbox`: regions on this one machine, to try and to test with."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from drkit.cli.options import output_option
from drkit.errors import DrkitError
from drkit.sandbox.folder import Folder


class _Group(click.Group):
    """Finds `load`, which the world brings, only when it is asked for: its imports cost time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), "load"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name != "load":
            return super().get_command(ctx, cmd_name)
        from drkit.sandbox import world

        command: click.Command = world.load_command
        return command


@click.group(cls=_Group)
def sandbox() -> None:
    """Regions on this one machine, in which the real tools run.

    A stand-in for AWS: moto answers the API, hosts are podman containers, and a stand-in plug-in
    serves Pulumi. It does not prove boot times, managed services, cross-region links or
    IAM conditions of the real cloud (docs/explanation/sandbox.md). Needs root. Everything it
    makes carries its label, and `down` removes it all.
    """


@sandbox.command()
def up() -> None:
    """Bring the regions up; does nothing when they are.

    The first time on a machine it builds the host image, which takes minutes.
    """
    from drkit.sandbox import lifecycle
    from drkit.sandbox.status import STAND_IN

    folder = Folder.chosen()
    state = lifecycle.up(folder, _say)
    _say(f"the sandbox is up (process {state.pid}): {folder.state}")
    _say(STAND_IN)


@sandbox.command()
@click.option("--images", is_flag=True, help="Remove the host image and its cache too.")
def down(images: bool) -> None:
    """Remove everything the sandbox made: hosts, networks, routes, rules, processes, files.

    Works after a crash, and touches nothing that it did not label.
    """
    from drkit.sandbox import lifecycle

    lifecycle.down(Folder.chosen(), _say, images=images)
    _say("the sandbox is down")


@sandbox.command()
@output_option
def status(output: str) -> None:
    """Show regions, hosts and addresses, and what was tried toward lost regions."""
    from drkit.sandbox import status as shown

    found = shown.read(Folder.chosen())
    click.echo(
        json.dumps(shown.document(found), indent=2) if output == "json" else shown.text(found)
    )


@sandbox.command()
@click.argument("region")
def lose(region: str) -> None:
    """Lose REGION (or `global`) at once: hosts, API, storage and network drop every packet.

    Its hosts go on living. Packets tried toward it are counted, see `status`.
    """
    from drkit.sandbox import control

    control.ask(Folder.chosen().socket, "lose", region)
    _say(f"{region} is lost")


@sandbox.command()
@click.argument("region")
def restore(region: str) -> None:
    """Give a lost REGION (or `global`) back, as it is now."""
    from drkit.sandbox import control

    control.ask(Folder.chosen().socket, "restore", region)
    _say(f"{region} is back")


@sandbox.command()
@click.argument("region")
@click.argument("kind", metavar="TYPE")
@click.option("--end", is_flag=True, help="There is room again.")
def shortage(region: str, kind: str, end: bool) -> None:
    """Have REGION short of instance TYPE: it makes none, and says so as AWS does.

    Those that run go on running.
    """
    from drkit.sandbox import control

    control.ask(Folder.chosen().socket, "room" if end else "shortage", region, kind)
    _say(f"{region} has {'room' if end else 'no room'} for {kind}")


@sandbox.command()
@click.argument("region")
@click.argument("code")
@click.argument("value", type=click.FloatRange(min=0))
def quota(region: str, code: str, value: float) -> None:
    """Have the quota CODE allow VALUE in REGION, by the word of its API.

    Codes are AWS's: L-1216C47A (vCPUs), L-0263D0A3 (elastic IPs), L-F678F1CE (VPCs). Nobody is
    held to it: it is for what compares before it acts.
    """
    from drkit.sandbox import control

    control.ask(Folder.chosen().socket, "quota", region, code, str(value))
    _say(f"{region} allows {value:g} of {code}")


@sandbox.command()
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("secrets.yml"),
    show_default=True,
    help="The Ansible Vault file to write.",
)
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
def secrets(output: Path, force: bool) -> None:
    """Write random secrets of the reference shop into an Ansible Vault file.

    Among them the shop's certificate, issued by the sandbox's own authority. The vault's
    password is kept in the sandbox's folder: see `vault-password`.
    """
    from drkit.sandbox import vault

    vault.write(Folder.chosen(), output, force=force)
    _say(f"wrote {output}")


@sandbox.command("vault-password")
def vault_password() -> None:
    """Print the password of the vault that `secrets` wrote."""
    click.echo(Folder.chosen().read_vault_password())


def _say(text: str) -> None:
    click.echo(text, err=True)


def _main(*arguments: Any) -> None:
    try:
        sandbox(*arguments, prog_name="drkit sandbox", standalone_mode=True)
    except DrkitError as error:
        _say(f"{error}\n→ {error.remedy}" if error.remedy else str(error))
        for problem in getattr(error, "problems", ()):
            _say(str(problem))
        sys.exit(int(error.exit_code))


if __name__ == "__main__":
    _main()
