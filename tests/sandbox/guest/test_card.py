from sandbox.guest.card import lay

MIB = 1 << 20


def test_a_file_is_laid_into_another_and_its_holes_stay_holes(tmp_path):
    source, onto = tmp_path / "part", tmp_path / "card"
    with source.open("wb") as file:
        file.write(b"begin")
        file.seek(8 * MIB)
        file.write(b"middle")
        file.truncate(16 * MIB)
    with onto.open("wb") as file:
        file.write(b"table")
        file.truncate(32 * MIB)
    lay(source, onto, MIB)
    with onto.open("rb") as file:
        whole = file.read()
    assert whole[:5] == b"table"
    assert whole[MIB : MIB + 5] == b"begin"
    assert whole[9 * MIB : 9 * MIB + 6] == b"middle"
    assert len(whole) == 32 * MIB
    assert onto.stat().st_blocks * 512 < 2 * MIB


def test_a_part_that_is_nothing_but_a_hole_writes_nothing(tmp_path):
    source, onto = tmp_path / "part", tmp_path / "card"
    for path in (source, onto):
        with path.open("wb") as file:
            file.truncate(4 * MIB)
    lay(source, onto, MIB)
    assert onto.stat().st_blocks == 0
