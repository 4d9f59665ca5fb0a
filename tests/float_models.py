"""Folders as transformers writes them, small and quick: random weights and a tokenizer of byte pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import corpus

VOCABULARY = 400
CONTEXT = 48
MARK = "<|endoftext|>"


def write_tokenizer(folder: Path, size: int = VOCABULARY) -> None:
    """Byte pairs learnt from some prose, with a mark for the start."""
    import tokenizers

    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[MARK],
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([corpus.book(20000).decode("utf-8", "ignore")], trainer)
    tokenizer.save(str(folder / "tokenizer.json"))


def write_model(folder: Path, model_class: str = "GPT2", seed: int = 1, **sizes: Any) -> Path:
    """Write a model of transformers with its tokenizer; return the folder.

    Args:
        folder: made where it is not there.
        model_class: its name without "LMHeadModel" or "ForCausalLM".
        seed: of the weights.
        sizes: of the model, where GPT-2's are not wanted.
    """
    import torch
    import transformers

    from predzip.predictors.float_model import quiet

    sizes = sizes or {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": CONTEXT}
    config = getattr(transformers, f"{model_class}Config")(
        vocab_size=VOCABULARY, bos_token_id=0, eos_token_id=0, **sizes
    )
    torch.manual_seed(seed)
    model = transformers.AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter *= 8  # so that distributions are not flat
    folder.mkdir(parents=True, exist_ok=True)
    with quiet(transformers):
        model.save_pretrained(folder)
    write_tokenizer(folder)
    return folder


def write_entry(folder: Path, name: str = "tiny-float", model: Path | None = None) -> Path:
    """Write the entry of a model, and the model too if none is given; return the entry's path without a suffix."""
    from predzip.conversion.float_entry import write_float_entry

    write_float_entry(model or write_model(folder / f"{name}-model"), folder / name)
    return folder / name
