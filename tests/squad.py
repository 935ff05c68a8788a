"""Files in the format of SQuAD v1.1."""

from __future__ import annotations

import json
from collections.abc import Sequence

Asked = tuple[int, str, tuple[str, ...]]


def make_squad(contexts: Sequence[str], asked: Sequence[Asked]) -> str:
    """A file of one article.

    Args:
        contexts: its paragraphs.
        asked: per question the place of its context, what is asked, and the answers, which stand there.
    """
    paragraphs = [
        {
            "context": context,
            "qas": [
                {
                    "id": f"q{number}",
                    "question": question,
                    "answers": [{"text": text, "answer_start": context.index(text)} for text in answers],
                }
                for number, (place, question, answers) in enumerate(asked)
                if place == index
            ],
        }
        for index, context in enumerate(contexts)
    ]
    return json.dumps({"version": "1.1", "data": [{"title": "Lobster", "paragraphs": paragraphs}]})
