"""A playbook on the site that serves, while a run builds another one, or beside any run.

Who is there comes from the outputs of that site's own stacks, so its hosts are reached through its
own jump host and by its own pinned keys; they never mix with those that the run builds. Everything
is read again for each try: it is outside, and the same as on any other machine.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from drkit.adapters.ansible_playbook import PlaybookTool
from drkit.adapters.certificates import write_proof_certificate
from drkit.adapters.private import private_folder
from drkit.adapters.pulumi_outputs import outputs, public
from drkit.adapters.pulumi_workspace import backend_of
from drkit.adapters.ssh_files import hosts_of, write_ssh_files
from drkit.errors import ConfigurationError, StepError
from drkit.model.outcome import Outcome
from drkit.model.record import Target
from drkit.model.step import PlaybookWork, QuiesceWork
from drkit.ports import Context, Progress

FOLDER = "serving"
"""In the run's folder: the ssh files of the site that serves."""


def at_site(context: Context, site: Target, folder: Path) -> Context:
    """What a run on ``site`` would know, with its ssh files and certificate in ``folder``.

    Raises ConfigurationError if a stack of the site was never brought up, StepError.
    """
    plan, vault = context.plan, context.vault
    backend = backend_of(plan, context.world, vault)
    facts = {
        name: public(outputs(plan, backend, name=name, stack=site.name)) for name in plan.stacks
    }
    write_proof_certificate(folder, run=context.run, secret=vault["pulumi_passphrase"])
    jump = plan.sites[site.region].jump
    write_ssh_files(folder, hosts_of(facts), jump=jump, key=vault["ssh_key"])
    return dataclasses.replace(context, target=site, folder=folder, facts=facts)


class QuiesceTool:
    """Closes the site that serves. Raises StepError where there is none, or its stacks are gone."""

    def __init__(self, work: QuiesceWork) -> None:
        self._playbook = PlaybookTool(PlaybookWork(playbook=work.playbook, hosts="all"))

    def look(self, context: Context) -> Outcome | None:  # noqa: ARG002
        """Nothing is known without running it: the playbook looks at each host before it acts."""
        return None

    def do(self, context: Context, progress: Progress) -> Outcome:
        serving = context.serving
        if serving is None:
            raise StepError("no site serves", remedy="there is nothing to move: `drkit rebuild`")
        folder = context.folder / FOLDER
        private_folder(folder)
        try:
            outcome = self._playbook.do(at_site(context, serving, folder), progress)
        except StepError as error:
            error.remedy = _way_on(serving)
            raise
        except ConfigurationError as error:
            raise StepError(str(error), remedy=_way_on(serving)) from error
        failures = [
            dataclasses.replace(failure, remedy=_way_on(serving)) for failure in outcome.failures
        ]
        return dataclasses.replace(outcome, failures=tuple(failures))


def _way_on(serving: Target) -> str:
    return (
        f"mend it, and the same command carries on; give {serving.name} back to its customers with"
        " `drkit reopen --reason WHY`; or, if it is lost, go on without it: --mode unplanned"
    )
