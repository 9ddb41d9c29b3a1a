"""Debian's own index of a release for the Pi's processor, read by apt in a directory of its own."""

import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError

ARCHITECTURE = "arm64"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
CONFIGURATION = """
#clear APT::Architectures;
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Architecture "{architecture}";
APT::Architectures "{architecture}";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::Cache "{place}/cache";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "{place}/none";
Dir::Etc::SourceList "{place}/sources.list";
Dir::Etc::SourceParts "{place}/none";
Dir::State "{place}/state";
Dir::State::status "{place}/status";
"""
"""Read after this computer's own, which may name a proxy; as root, for apt's user may not look in here."""


@dataclass(frozen=True, slots=True)
class Archive:
    """One release; whatever is asked of it changes nothing on this computer."""

    suite: str
    configuration: Path

    def apt(self, program: str, words: Sequence[str]) -> str:
        """What apt-get or apt-cache answers; SandboxError with its complaint."""
        done = subprocess.run(
            [program, "-c", str(self.configuration), *words],
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            said = "\n".join(done.stderr.strip().splitlines()[-5:])
            raise SandboxError(f"{program} {words[0]} failed for {self.suite} on {ARCHITECTURE}:\n{said}")
        return done.stdout

    def versions(self, names: Iterable[str]) -> dict[str, str]:
        """The version of each package that the release has; the others are left out."""
        rows = (line.split("|") for line in self.apt("apt-cache", ["madison", *names]).splitlines())
        return {row[0].strip(): row[1].strip() for row in rows if len(row) == 3}

    def installed(self, names: Iterable[str]) -> int:
        """How many packages these come to on an empty system; SandboxError where something is missing."""
        told = self.apt("apt-get", ["install", "--simulate", "--no-install-recommends", *names])
        return sum(line.startswith("Inst ") for line in told.splitlines())


@contextmanager
def opened(suite: str, mirror: str) -> Iterator[Archive]:
    """Download the index, check its signature, and forget it afterwards."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        for needed in ("state/lists/partial", "cache/archives/partial", "none"):
            (place / needed).mkdir(parents=True)
        (place / "status").touch()
        signed = f" signed-by={KEYRING}" if KEYRING.exists() else ""
        (place / "sources.list").write_text(f"deb [arch={ARCHITECTURE}{signed}] {mirror} {suite} main\n")
        configuration = place / "apt.conf"
        configuration.write_text(CONFIGURATION.format(architecture=ARCHITECTURE, place=place))
        archive = Archive(suite, configuration)
        archive.apt("apt-get", ["update", "-qq"])
        yield archive
