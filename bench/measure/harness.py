"""The Language Model Evaluation Harness (lm-eval), where it is installed: another way to the same score."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import redirect_stderr
from importlib.metadata import PackageNotFoundError, version
from io import StringIO

from transformers import PreTrainedModel, PreTrainedTokenizerBase

Evaluate = Callable[[], float | None]


def harness_version() -> str | None:
    """Which version of lm-eval is installed."""
    try:
        return version("lm-eval")
    except PackageNotFoundError:
        return None


def evaluate_by_harness(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, text: str, window: int, batch_size: int
) -> Evaluate:
    """A function that gives a text's negative log-likelihood in nats by lm-eval's rolling windows.

    Args:
        model: where it is, as it is.
        tokenizer: of the model.
        text: one document.
        window: tokens that the model reads at once.
        batch_size: windows at once.
    """
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    harness = HFLM(
        pretrained=model,
        tokenizer=tokenizer,
        device=str(model.device),
        max_length=window,
        batch_size=batch_size,
    )
    request = Instance("loglikelihood_rolling", {}, (text,), 0)

    def evaluate() -> float:
        with redirect_stderr(StringIO()):  # its progress bars
            (likelihood,) = harness.loglikelihood_rolling([request], disable_tqdm=True)
        return -float(likelihood)

    return evaluate
