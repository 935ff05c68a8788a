"""Folders of sessions that live, and of those that were killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.against.owned import PREFIX, owned, sweep_folders
from tests.bench.against.elsewhere import elsewhere

OWNER = """
import sys
from pathlib import Path
from bench.against.owned import owned
with owned(Path(sys.argv[1])) as folder:
    (folder / "file").write_text("of its own", "utf-8")
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_a_folder_is_there_until_the_end_of_the_block(tmp_path: Path) -> None:
    with owned(tmp_path) as folder:
        (folder / "file").write_text("of its own", "utf-8")
        assert list(tmp_path.iterdir()) == [folder]
    assert not list(tmp_path.iterdir())


def test_two_of_the_same_process_have_each_their_own(tmp_path: Path) -> None:
    with owned(tmp_path) as one, owned(tmp_path) as other:
        assert one != other
        sweep_folders(tmp_path)
        assert one.is_dir()
        assert other.is_dir()


def test_a_folder_of_a_process_that_lives_stays_and_of_one_that_was_killed_goes(tmp_path: Path) -> None:
    with elsewhere(OWNER, tmp_path) as (process, said):
        folder = Path(said)
        sweep_folders(tmp_path)
        assert (folder / "file").is_file()
        process.kill()
        process.wait()
        assert folder.is_dir()
        sweep_folders(tmp_path)
        assert not list(tmp_path.iterdir())


def test_what_has_another_name_or_no_lock_is_nobody_s_to_sweep(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "lock").touch()
    (tmp_path / f"{PREFIX}begun").mkdir()
    sweep_folders(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"other", f"{PREFIX}begun"}


def test_where_none_can_be_made_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no folder can be made in"), owned(tmp_path / "nowhere"):
        pass
