import pytest

from sandbox.errors import SandboxError
from sandbox.guest.kernel import CHANGES, changed


def source(name):
    return "\n".join(f"…\n{change.old}\n…" for change in CHANGES if change.file == name)


@pytest.mark.parametrize("name", sorted({change.file for change in CHANGES}))
def test_every_change_is_made_and_nothing_else(name):
    text = changed(name, source(name))
    for change in CHANGES:
        if change.file == name:
            assert change.new in text
    assert text.count("…") == source(name).count("…")


@pytest.mark.parametrize("twice", [False, True])
def test_a_source_that_is_another_is_refused_by_name(twice):
    text = source("irq_sim.c") * 2 if twice else "int x;"
    with pytest.raises(SandboxError, match=r"irq_sim\.c is not as expected.*CHANGES"):
        changed("irq_sim.c", text)


def test_a_file_without_changes_stays():
    assert changed("gpiolib.h", "text") == "text"
