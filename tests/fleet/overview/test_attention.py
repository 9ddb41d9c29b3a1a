"""The checklist: every command it shows is one the command line understands."""

import shlex

import pytest
from typer.main import get_command

from fleet.ceremony.command import app as ceremony
from fleet.models import Issuer
from fleet.overview import attention
from fleet.server import app as server

SHOWN = [command for commands in attention.COMMANDS.values() for command in commands]


@pytest.mark.parametrize("command", SHOWN)
def test_a_command_of_the_checklist_is_understood(command):
    program, *words = shlex.split(command)
    assert program == "jx-fleet"
    found = get_command(server)
    if words[0] == "ceremony":
        found, words = get_command(ceremony), words[1:]
    while hasattr(found, "commands"):
        found, words = found.commands[words[0]], words[1:]
    found.make_context(found.name, words)  # raises on an unknown option or a missing argument


def test_steps_are_done_one_by_one(console_database, town):
    with console_database.reading() as session:
        assert not any(step.done for step in attention.steps(session))
    town.populate(console_database, 1_795_230_000, count=0)
    with console_database.reading() as session:
        assert all(step.done for step in attention.steps(session))


def test_an_issuer_of_passes_alone_is_no_issuer_of_codes(console_database):
    def done():
        with console_database.reading() as session:
            return {step.what: step.done for step in attention.steps(session)}["issuer"]

    with console_database.session() as session:
        session.add(Issuer(id="hc1-de", name_zh="德国", name_en="Germany", detail={"passes": "HC1"}))
    assert not done()
    with console_database.session() as session:
        session.add(Issuer(id="jl", name_zh="吉林", name_en="Jilin", detail={"trust": 1}))
    assert done()
