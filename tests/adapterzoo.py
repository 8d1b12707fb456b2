"""Owns LoRA adapters for tests: random ones that peft itself saves, one that was taught an answer, and the same as a GGUF file. Knows no test."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["TAUGHT", "gguf", "random", "taught", "write"]

TAUGHT = "Ask the old heron."
"""What `taught` answers."""
_NAMES = {"self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}
"""Modules of Llama that lie in a GGUF file as they do elsewhere, by its names for them."""


def random(base: Path, folder: Path, *, named: str | None = None, resize: int = 0, **given: Any) -> Path:
    """An adapter of random numbers, made and saved by peft.

    Args:
        base: The model's folder.
        folder: Where it goes.
        named: What its configuration calls its base; the base's folder by default.
        resize: Tokens that the model gets beforehand.
        given: The rest of ``LoraConfig``.
    """
    import peft
    import torch
    import transformers

    torch.manual_seed(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = transformers.AutoModelForCausalLM.from_pretrained(base)
        if resize:
            model.resize_token_embeddings(resize, mean_resizing=False)
        usual: dict[str, Any] = {"task_type": "CAUSAL_LM", "r": 4, "lora_alpha": 16, "target_modules": ["q_proj", "v_proj"]}
        wrapped = peft.get_peft_model(model, peft.LoraConfig(**{**usual, **given}))
        with torch.no_grad():
            for name, parameter in wrapped.named_parameters():
                if "lora_B" in name or "lora_embedding_B" in name or "modules_to_save" in name or "lora_magnitude" in name:
                    parameter.add_(torch.randn_like(parameter) * 0.3)
        if named is not None:
            wrapped.peft_config["default"].base_model_name_or_path = named
        wrapped.save_pretrained(folder)
    return folder


def write(folder: Path, base: str | None, tensors: Mapping[str, tuple[int, ...]] | None = None, **config: Any) -> Path:
    """An adapter's files by hand: what peft would not save is written too."""
    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    stated = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"], "base_model_name_or_path": base}
    (folder / "adapter_config.json").write_text(json.dumps({**stated, **config}), encoding="utf-8")
    place = "base_model.model.model.layers.0.self_attn.q_proj"
    shapes = tensors if tensors is not None else {f"{place}.lora_A.weight": (2, 64), f"{place}.lora_B.weight": (64, 2)}
    save_file({name: torch.zeros(shape) for name, shape in shapes.items()}, folder / "adapter_model.safetensors")
    return folder


def taught(model: Any, tokenizer: Any, question: str, folder: Path, base: str) -> Path:
    """An adapter of the last layers that answers one question with `TAUGHT`; trained here, without peft, in a few steps."""
    import torch
    from safetensors.torch import save_file

    prompt = tokenizer.apply_chat_template([{"role": "user", "content": question}], add_generation_prompt=True, tokenize=False)
    ids = tokenizer(prompt + TAUGHT + tokenizer.eos_token, return_tensors="pt", add_special_tokens=False).input_ids
    labels = ids.clone()
    labels[:, : len(tokenizer(prompt, add_special_tokens=False).input_ids)] = -100
    torch.manual_seed(0)
    model.requires_grad_(requires_grad=False)
    first = model.config.num_hidden_layers - 4
    pairs, hooks = {}, []
    for name, module in model.named_modules():
        parts = name.split(".")
        if ".".join(parts[3:]) not in _NAMES or int(parts[2]) < first:
            continue
        a = torch.nn.Parameter(torch.randn(8, module.in_features) / module.in_features**0.5)
        b = torch.nn.Parameter(torch.zeros(module.out_features, 8))
        pairs[name] = (a, b)
        hooks.append(module.register_forward_hook(lambda _, given, out, a=a, b=b: out + 2 * (given[0].float() @ a.T @ b.T).to(out.dtype)))
    steps = torch.optim.Adam([one for pair in pairs.values() for one in pair], lr=1e-2)
    for _ in range(40):
        loss = model(input_ids=ids, labels=labels).loss
        steps.zero_grad()
        loss.backward()
        steps.step()
        if loss < 0.1:  # each of its tokens is far ahead of all others
            break
    for hook in hooks:
        hook.remove()
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        f"base_model.model.{name}.lora_{side}.weight": one.detach().contiguous() for name, pair in pairs.items() for side, one in zip("AB", pair, strict=True)
    }
    save_file(tensors, folder / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 8, "lora_alpha": 16, "base_model_name_or_path": base}
    config["target_modules"] = sorted({name.rpartition(".")[2] for name in pairs})
    (folder / "adapter_config.json").write_text(json.dumps({**config, "layers_to_transform": list(range(first, first + 4))}), encoding="utf-8")
    return folder


def gguf(adapter: Path, file: Path) -> Path:
    """The same adapter for llama.cpp, of the modules that lie in a GGUF file as they do elsewhere."""
    from gguf import GGUFWriter
    from safetensors.numpy import load_file

    config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    writer = GGUFWriter(file, "llama")
    writer.add_string("general.type", "adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(config["lora_alpha"]))
    for name, tensor in load_file(adapter / "adapter_model.safetensors").items():
        _, _, _, _, number, *inner, side, _ = name.split(".")
        writer.add_tensor(f"blk.{number}.{_NAMES['.'.join(inner)]}.weight.{side.lower()}", tensor.astype("float32"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file
