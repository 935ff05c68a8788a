"""What a round is said to have run, against what was put into it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from bench.measure.kernels import describe_products, is_product, kernel_of, matrices_of
from bench.measure.phases import Runner, prepare
from fixtures import laying_out
from fixtures.laying_out import lay_out, pruned_modules
from fixtures.layouts import LAYOUTS
from fixtures.sparse_modules import layout_of
from fixtures.workloads import Workload
from tests.fixtures.test_layouts import pruned_by

CPU = torch.device("cpu")
FORWARD = Workload("forward", 1, 5)
MATRICES = 2 * 4  # of two layers of a GPT-2; its head is one more


def runner_of(module: nn.Module) -> Runner:
    inputs = torch.ones(8, 16)

    def run() -> Tensor:
        outputs: Tensor = module(inputs)
        return outputs

    return Runner(run, lambda: None, 8)


@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("strided", {"strided": MATRICES + 1}),
        ("csr", {"sparse_csr": MATRICES, "strided": 1}),
        ("csr-linear", {"sparse_csr": MATRICES, "strided": 1}),
        ("bsr", {"sparse_bsr": MATRICES, "strided": 1}),
        ("scipy", {"scipy_csr": MATRICES, "strided": 1}),
    ],
)
def test_matrices_of_a_round_are_as_the_layout_holds_them(name: str, held: dict[str, int]) -> None:
    with pruned_by("gpt2", "4x4") as masked:
        runner = prepare(lay_out(masked, LAYOUTS[name]).model, FORWARD)
        assert matrices_of(runner) == held


def test_layouts_do_not_share_a_description() -> None:
    names = ("strided", "csr", "csr-linear", "bsr", "scipy")
    with pruned_by("bert", "4x4") as masked:
        models = [lay_out(masked, LAYOUTS[name]).model for name in names]
        # one matrix alone, so that no other takes longer
        found = {
            describe_products(runner_of(model.get_submodule("bert.encoder.layer.0.attention.self.key")), CPU)
            for model in models
        }
    assert found == {
        "aten::addmm in aten::linear on 1 strided",
        "aten::addmm on 1 sparse_csr",
        "aten::addmm in aten::linear on 1 sparse_csr",
        "aten::addmm on 1 sparse_bsr",
        "not PyTorch's on 1 scipy_csr",
    }


def test_a_matrix_that_was_not_converted_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    with pruned_by("gpt2", "global") as masked:
        whole = describe_products(prepare(lay_out(masked, LAYOUTS["csr"]).model, FORWARD), CPU)
        monkeypatch.setattr(laying_out, "pruned_modules", lambda pruned: pruned_modules(pruned)[1:])
        lacking = describe_products(prepare(lay_out(masked, LAYOUTS["csr"]).model, FORWARD), CPU)
    assert whole.endswith(f" on {MATRICES} sparse_csr, 1 strided")
    assert lacking.endswith(f" on {MATRICES - 1} sparse_csr, 2 strided")


def test_modules_that_are_not_called_do_not_count() -> None:
    with pruned_by("t5", "global") as masked:
        runner = prepare(lay_out(masked, LAYOUTS["csr"]).model, Workload("encode", 1, 5))
        assert matrices_of(runner) == {"sparse_csr": 2 * (4 + 2)}  # of the encoder alone


def test_looking_leaves_nothing_behind() -> None:
    layer = nn.Linear(16, 4)
    calls = 0

    def run() -> Tensor:
        nonlocal calls
        calls += 1
        outputs: Tensor = layer(torch.ones(1, 16))
        return outputs

    runner = Runner(run, lambda: None, 1)
    assert matrices_of(runner) == {"strided": 1}
    assert calls == 1
    assert not torch.nn.modules.module._has_any_global_hook()  # type: ignore[no-untyped-call]


def test_the_product_that_takes_most_is_named_and_attention_is_none() -> None:
    large, small = torch.ones(512, 512), torch.ones(2, 2)
    query = torch.ones(1, 4, 512, 64)

    def run() -> Tensor:
        nn.functional.scaled_dot_product_attention(query, query, query)
        torch.bmm(query[0], query[0].mT)
        nn.functional.linear(small, small)
        return large @ large

    run()  # what is made for a first product is none
    assert kernel_of(Runner(run, lambda: None, 1), CPU) == "aten::mm"


def test_a_round_without_a_product_has_none() -> None:
    assert describe_products(Runner(lambda: torch.ones(4).exp(), lambda: None, 1), CPU) == (
        "not PyTorch's on no matrices"
    )


@pytest.mark.parametrize(
    ("name", "product"),
    [
        ("aten::addmm", True),
        ("aten::_cslt_sparse_mm", True),
        ("sm80_xmma_gemm_f16f16_f16f32_f32_tn_n_tilesize64x64x64", True),
        ("gemv2T_kernel_val<int, int, float>", True),
        ("void cusparse::csrmm_v2_kernel", True),
        ("aten::scaled_dot_product_attention", False),
        ("aten::_scaled_dot_product_flash_attention_for_cpu", False),
        ("fmha_cutlassF_f32_aligned_64x64_rf_sm80", False),
        ("aten::bmm", False),
        ("aten::_sparse_compressed_tensor_unsafe", False),
        ("aten::gelu", False),
        ("aten::copy_", False),
    ],
)
def test_products_with_weights_are_told_by_their_names(name: str, *, product: bool) -> None:
    assert is_product(name) == product


def test_what_multiplies_by_no_matrix_holds_none() -> None:
    for module in (nn.Embedding(4, 4), nn.LayerNorm(4), nn.ReLU(), nn.Conv1d(1, 1, 3)):
        assert layout_of(module) is None
    assert layout_of(Conv1D(4, 4)) == "strided"  # type: ignore[no-untyped-call]  # by transformers
