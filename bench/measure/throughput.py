"""How fast a causal language model is evaluated: here, by a bare loop, and by lm-eval, in turns."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from statistics import median
from typing import Any, cast

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from bench.measure.batching import batch_tokens_on
from bench.measure.harness import Evaluate, evaluate_by_harness, harness_version
from bench.measure.quality import measure_quality
from fixtures.batches import by_length
from fixtures.loading import LoadedModel
from fixtures.protocols import Documents
from fixtures.windows import Window, roll

WINDOW = 1024  # tokens that the model reads at once, or as many as it can
WINDOWS = 2  # unless --limit gives another number: short rounds, so that noise hits both sides
ROUNDS = 9
ROUNDING = 1e-4  # relative difference of two sums over the same tokens
BEGIN = "<begin>"  # token 0


@dataclass(frozen=True)
class Throughput:
    """What was measured.

    Attributes:
        values: medians over the rounds, rates in tokens per second, and the ratios round by round.
        samples: the rounds.
        protocol: the text and its windows, in words.
        stamps: what a reader should know of it.
    """

    values: Mapping[str, float]
    samples: Mapping[str, list[float]]
    protocol: str
    stamps: tuple[str, ...]


def measure_throughput(loaded: LoadedModel, seed: int, limit: int | None = None) -> Throughput:
    """Evaluates a text of random tokens `ROUNDS` times on each side.

    Ours and lm-eval's time has everything from the text to the score: tokenising, windows, batches, the
    model, the likelihoods. The bare loop only calls the model, which computes all logits, on ready batches
    of the same shape.

    Args:
        loaded: a causal language model.
        seed: of the tokens.
        limit: how many windows.

    Raises:
        ValueError: the sides do not agree on the score.
    """
    text = _text_for(loaded, seed, limit or WINDOWS)
    batch_tokens = batch_tokens_on(loaded.device)
    ready = ready_batches(text.windows(), batch_tokens, loaded.device)
    sides: dict[str, Evaluate] = {
        "evaluation": lambda: evaluate(loaded, text),
        "bare": lambda: call_bare(loaded.model, ready),
    }
    if version := harness_version():
        size = max(1, batch_tokens // text.window)
        sides["harness"] = evaluate_by_harness(loaded.model, text.tokenizer, text.words, text.window, size)
    seconds = take_turns(sides, ROUNDS, Random(seed))  # noqa: S311 - nothing secret is drawn
    note = f"lm-eval {version}" if version else "lm-eval is not installed: not compared"
    return Throughput(*compare(seconds, text.tokens), str(text), (note,))


@dataclass(frozen=True)
class RandomText:
    """A document of random tokens, as words that are their numbers.

    Attributes:
        words: all of them, with spaces.
        tokenizer: makes tokens of them.
        tokens: how many there are.
        window: how many the model reads at once.
    """

    words: str
    tokenizer: PreTrainedTokenizerBase
    tokens: int
    window: int

    def __str__(self) -> str:
        return f"random tokens window={self.window} windows={self.tokens // self.window}"

    def windows(self) -> list[Window]:
        """Its windows, tokenised anew; a token counts for a word and for a byte."""
        tokens = self.tokenizer(self.words, add_special_tokens=False, verbose=False)["input_ids"]
        begin = cast("int", self.tokenizer.convert_tokens_to_ids(BEGIN))
        return [
            Window(stretch, len(stretch) - context, len(stretch) - context, context)
            for stretch, context in roll([begin, *tokens], self.window)
        ]


def _text_for(loaded: LoadedModel, seed: int, windows: int) -> RandomText:
    config = loaded.model.config
    window = min(WINDOW, getattr(config, "max_position_embeddings", WINDOW))
    random = Random(f"throughput/{seed}")  # noqa: S311 - nothing secret is drawn
    drawn = (random.randrange(1, config.vocab_size) for _ in range(windows * window))
    tokenizer = number_tokenizer(config.vocab_size)
    return RandomText(" ".join(map(str, drawn)), tokenizer, windows * window, window)


def take_turns(sides: Mapping[str, Evaluate], rounds: int, random: Random) -> dict[str, list[float]]:
    """The seconds of each side, round by round; within a round they come in random order.

    Raises:
        ValueError: two scores of the same text differ by more than rounding.
    """
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    scores: dict[str, float] = {}
    for _ in range(rounds):
        for name in random.sample(list(sides), len(sides)):
            start = time.perf_counter()
            score = sides[name]()
            seconds[name].append(time.perf_counter() - start)
            if score is not None:
                scores[name] = score
    _require_agreement(scores)
    return seconds


def _require_agreement(scores: Mapping[str, float]) -> None:
    low, high = min(scores.values()), max(scores.values())
    if high - low > ROUNDING * abs(low):
        told = ", ".join(f"{name} {score:.6f}" for name, score in scores.items())
        raise ValueError(f"the same text has different negative log-likelihoods: {told} nats")


def compare(
    seconds: Mapping[str, list[float]], tokens: int
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Medians and rounds of the rates, and of the ratios of the rounds."""
    samples = {f"{name}_rate": [tokens / one for one in times] for name, times in seconds.items()}
    for name, ratio in (("bare", "evaluation_efficiency"), ("harness", "evaluation_speedup")):
        if name in seconds:
            pairs = zip(seconds[name], seconds["evaluation"], strict=True)
            samples[ratio] = [theirs / ours for theirs, ours in pairs]
    return {name: median(rounds) for name, rounds in samples.items()}, samples


def evaluate(loaded: LoadedModel, text: RandomText) -> float:
    """The text's negative log-likelihood in nats, as a quality case computes it."""
    windows = text.windows()
    quality = measure_quality(Documents(text.window), loaded, windows)
    return sum(score * window.scored for score, window in zip(quality.samples, windows, strict=True))


def ready_batches(windows: Sequence[Window], batch_tokens: int, device: torch.device) -> list[Tensor]:
    """What the model reads of the windows, batch by batch, each of shape (rows, length)."""
    batches = by_length([len(window.tokens) - 1 for window in windows], batch_tokens)
    return [
        torch.stack([torch.from_numpy(windows[index].tokens[:-1]) for index in batch]).to(device)
        for batch in batches
    ]


def call_bare(model: nn.Module, batches: Sequence[Tensor]) -> None:
    """Calls the model, and waits for a GPU."""
    with torch.inference_mode():
        for batch in batches:
            logits = model(input_ids=batch, use_cache=False).logits
    if logits.is_cuda:
        torch.cuda.synchronize(logits.device)


def number_tokenizer(vocabulary: int) -> PreTrainedTokenizerBase:
    """A tokenizer whose words are the numbers of their tokens, for models that have none; 0 begins a text."""
    words = {BEGIN: 0, **{str(token): token for token in range(1, vocabulary)}}
    pieces = Tokenizer(models.WordLevel(words, unk_token=BEGIN))
    pieces.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer: Any = PreTrainedTokenizerFast
    made: PreTrainedTokenizerBase = tokenizer(
        tokenizer_object=pieces, bos_token=BEGIN, eos_token=BEGIN, unk_token=BEGIN
    )
    return made
