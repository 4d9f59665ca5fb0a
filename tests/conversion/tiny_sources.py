"""Models to convert that are quick to make: random weights of some kilobytes, as GGUF files and as folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predzip.predictors.neural.transformer.config import TransformerConfig

Floats = dict[str, NDArray[np.float32]]

TEXT = "The cat sat on the mat, and the dog sat on the cat.\n\nIn 1984 the rain in Spain fell; café, naïve.\n" * 8
SPECIAL = ["<|endoftext|>", "<|im_start|>"]

LLAMA = TransformerConfig(
    width=32,
    layers=2,
    heads=4,
    kv_heads=2,
    head_dim=8,
    hidden=64,
    vocab_size=300,
    norm="rms",
    norm_place="pre",
    activation="swiglu",
    context=64,
    tied=True,
    ffn_bias=False,
    output_bias=False,
    start_token=1,
)
GEMMA = TransformerConfig(
    width=32,
    layers=4,
    heads=2,
    kv_heads=1,
    head_dim=16,
    hidden=64,
    vocab_size=300,
    norm="rms",
    norm_place="pre",
    activation="geglu",
    context=64,
    tied=True,
    ffn_bias=False,
    output_bias=False,
    norm_epsilon=1e-6,
    start_token=2,
    embed_scale=32**0.5,
    qk_norm=True,
    post_norms=True,
    window=8,
    global_every=3,
    global_rope_base=1e6,
)

_PARTS = {  # of the engine, of folders, of GGUF
    "norm1": ("input_layernorm", "attn_norm"),
    "q": ("self_attn.q_proj", "attn_q"),
    "k": ("self_attn.k_proj", "attn_k"),
    "v": ("self_attn.v_proj", "attn_v"),
    "q_norm": ("self_attn.q_norm", "attn_q_norm"),
    "k_norm": ("self_attn.k_norm", "attn_k_norm"),
    "o": ("self_attn.o_proj", "attn_output"),
    "norm1_post": ("post_attention_layernorm", "post_attention_norm"),
    "norm2": ("post_attention_layernorm", "ffn_norm"),
    "gate": ("mlp.gate_proj", "ffn_gate"),
    "up": ("mlp.up_proj", "ffn_up"),
    "down": ("mlp.down_proj", "ffn_down"),
    "norm2_post": ("post_feedforward_layernorm", "post_ffw_norm"),
}
_WHOLE = {
    "embed": ("model.embed_tokens", "token_embd"),
    "norm": ("model.norm", "output_norm"),
    "output": ("lm_head", "output"),
}


def random_floats(config: TransformerConfig, seed: int = 1) -> Floats:
    """Tensors of the engine; gains lie about 1."""
    random = np.random.default_rng(seed)
    return {
        name: (random.normal(0, 0.2, shape) + (len(shape) == 1 and name.endswith(".weight"))).astype(np.float32)
        for name, shape in config.float_shapes().items()
    }


def source_name(tensor: str, kind: int, has_post_norms: bool) -> str:
    """Name of a tensor of the engine in a folder (0) or a GGUF file (1)."""
    stem, _, end = tensor.rpartition(".")
    if stem in _WHOLE:
        return f"{_WHOLE[stem][kind]}.{end}"
    _, layer, part = stem.split(".")
    name = _PARTS[part][kind]
    if kind == 0 and has_post_norms and part == "norm2":
        name = "pre_feedforward_layernorm"
    return f"{('model.layers.', 'blk.')[kind]}{layer}.{name}.{end}"


def byte_level_description(size: int = 300) -> dict[str, Any]:
    """A tokenizer.json of byte pairs, trained on TEXT."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=alphabet, special_tokens=SPECIAL, show_progress=False
    )
    tokenizer.train_from_iterator([TEXT], trainer)
    description: dict[str, Any] = json.loads(tokenizer.to_str())
    return description


def folder_description(config: TransformerConfig, model_type: str) -> dict[str, Any]:
    """A config.json."""
    values = {
        "model_type": model_type,
        "hidden_size": config.width,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "num_key_value_heads": config.kv_heads,
        "head_dim": config.head_dim,
        "intermediate_size": config.hidden,
        "hidden_act": "silu",
        "max_position_embeddings": 64,
        "rms_norm_eps": config.norm_epsilon,
        "rope_theta": config.rope_base,
        "tie_word_embeddings": config.tied,
        "bos_token_id": config.start_token,
        "vocab_size": config.vocab_size,
    }
    if model_type.startswith("gemma3"):
        values |= {
            "hidden_act": None,
            "hidden_activation": "gelu_pytorch_tanh",
            "query_pre_attn_scalar": config.head_dim,
            "rope_theta": config.global_rope_base,
            "rope_local_base_freq": config.rope_base,
            "sliding_window": config.window,
            "sliding_window_pattern": config.global_every,
        }
    return values


def write_folder(
    folder: Path, config: TransformerConfig, floats: Floats, model_type: str = "llama", **changes: Any
) -> Path:
    """Write a folder as transformers does, its tensors in two files of float32."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    lacks_one = model_type.startswith("gemma3")
    tensors = {
        source_name(name, 0, config.post_norms): values - np.float32(lacks_one and "norm" in name.split(".")[-2])
        for name, values in floats.items()
    }
    names = sorted(tensors)
    for i, part in enumerate((names[::2], names[1::2])):
        save_file({name: tensors[name] for name in part}, folder / f"model-0000{i + 1}-of-00002.safetensors")
    values = folder_description(config, model_type) | changes
    (folder / "config.json").write_text(json.dumps(values))
    (folder / "tokenizer.json").write_text(json.dumps(byte_level_description(config.vocab_size)))
    (folder / "README.md").write_text("---\nlanguage: en\nlicense: apache-2.0\n---\n# A model\n")
    return folder


def interleaved(values: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Rows of q or k as llama.cpp has them for the family llama."""
    return values.reshape(heads, 2, -1, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)


def piece_vocabulary(size: int = 300) -> tuple[list[str], list[float], list[int]]:
    """Pieces of SentencePiece with scores and types, as GGUF has them."""
    marks = ["<pad>", "<eos>", "<bos>", "<unk>"]
    whole = ["\n\n", "  ", "<td>"]
    merged = ["th", "\u2581th", "\u2581the", "at", "cat", "\u2581cat", "in", "\u2581in", "ain"]
    letters = [*"\u2581\nTheacstondmgri.,;é"]
    texts = [*marks, *whole, *(f"<0x{byte:02X}>" for byte in range(256)), *merged, *letters]
    texts += [f"<unused{i}>" for i in range(size - len(texts))]
    kinds = [3, 3, 3, 2, 4, 4, 4, *[6] * 256, *[1] * (len(merged) + len(letters))]
    kinds += [3] * (size - len(kinds))
    scores = [-1000.0] * 7 + [0.0] * 256 + [-float(i) for i in range(len(texts) - 263)]
    return texts[:size], scores[:size], kinds[:size]


def write_gguf(
    path: Path, config: TransformerConfig, floats: Floats, architecture: str = "llama", **extra: Any
) -> Path:
    """Write a GGUF file with byte pairs, or for Gemma pieces.

    Args:
        path: where to.
        config: of the engine.
        floats: its tensors.
        architecture: as GGUF names it.
        extra: entries of the architecture, with __ for dots; `quantised`: a type of blocks for the matrices of layers;
            `factors`: of rotary positions.
    """
    import gguf

    path.parent.mkdir(parents=True, exist_ok=True)
    quantised, factors = extra.pop("quantised", None), extra.pop("factors", None)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_license("apache-2.0")
    writer.add_context_length(64)
    writer.add_embedding_length(config.width)
    writer.add_block_count(config.layers)
    writer.add_feed_forward_length(config.hidden)
    writer.add_head_count(config.heads)
    writer.add_head_count_kv(config.kv_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_layer_norm_rms_eps(config.norm_epsilon)
    writer.add_rope_freq_base(config.global_rope_base or config.rope_base)
    if config.window:
        writer.add_sliding_window(config.window)
        writer.add_uint32(f"{architecture}.attention.sliding_window_pattern", config.global_every)
    for key, value in extra.items():
        add = {str: writer.add_string, float: writer.add_float32, int: writer.add_uint32}[type(value)]
        add(f"{architecture}.{key.replace('__', '.')}", value)
    if architecture == "gemma3":
        texts, scores, kinds = piece_vocabulary(config.vocab_size)
        writer.add_tokenizer_model("llama")
        writer.add_token_scores(scores)
    else:
        model = byte_level_description(config.vocab_size)["model"]
        texts = sorted(model["vocab"], key=model["vocab"].__getitem__)
        kinds = [3 if text in SPECIAL else 1 for text in texts]
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("smollm")
        writer.add_token_merges([" ".join(merge) for merge in model["merges"]])
    writer.add_token_list(texts)
    writer.add_token_types(kinds)
    writer.add_bos_token_id(config.start_token)
    for name, values in floats.items():
        part = name.split(".")[-2]
        heads = {"q": config.heads, "k": config.kv_heads}.get(part, 0) if architecture == "llama" else 0
        stored = np.ascontiguousarray(interleaved(values, heads) if heads else values)
        target = source_name(name, 1, config.post_norms)
        if quantised is None or stored.ndim == 1 or part == "embed":
            writer.add_tensor(target, stored)
        else:
            writer.add_tensor(target, gguf.quantize(stored, quantised), raw_dtype=quantised)
    if factors is not None:
        writer.add_tensor("rope_freqs.weight", factors)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
