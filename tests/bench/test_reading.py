"""How much a reading says in all that it has read: what a progress line ends with."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from bench.reading import bytes_to_read
from fixtures.scanning import scan
from fixtures.settings import Settings
from fixtures.specs import Checkpoint, Local
from fixtures.stored import Stored, find_stored, own_model


def stored_in(folder: Path, **tensors: torch.Tensor) -> Stored:
    save_file(tensors, folder / "model.safetensors")
    model = own_model(Local(folder))
    return find_stored(Checkpoint(model, model.trained[0]), Settings())


@pytest.mark.parametrize("again", [False, True])
def test_a_progress_line_ends_where_reading_does(tmp_path: Path, *, again: bool) -> None:
    stored = stored_in(
        tmp_path,
        weight=torch.ones(300, 70),
        position_ids=torch.arange(999),
        inv_freq=torch.ones(99),
        nothing=torch.empty(0),
    )
    if again:  # another test has asked which weights these are
        stored.identify()
    expected, told = bytes_to_read(stored), list[int]()
    stored.identify(told.append)
    scan(stored.tensors, stored.family, told.append)
    file = (tmp_path / "model.safetensors").stat().st_size
    assert sum(told) == expected == 4 * 300 * 70 + (0 if again else file)
