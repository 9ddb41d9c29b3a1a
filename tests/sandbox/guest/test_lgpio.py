from sandbox.guest import lgpio, suites


def test_only_the_python_without_a_wheel_needs_a_build():
    assert not lgpio.needed(suites.BOOKWORM)
    assert lgpio.needed(suites.TRIXIE)
