# pyright: strict
"""Owns a program that depends on the package: it is run and its types are checked against the installed wheel alone."""

import modelcatalog as mc

name: mc.ModelName = mc.parse("Qwen2.5-Coder-3B-Instruct-AWQ")
bits: float | None = name.quantization.bits if name.quantization else None
words: str = ", ".join(name.types) + f" {name.family} {name.size.total if name.size else None} {bits}"
where: mc.Checkpoint = mc.resolve(name, hub="modelscope")
match: mc.Match | None = mc.catalog.find("通义千问")
parts: list[tuple[str, str]] = [(part.kind, part.text) for part in name.segments]


def ask(prompt: str) -> str:
    """A reply, with its types; nothing is loaded here."""
    plan: mc.Plan = mc.plan(name, fit=True)
    with mc.load(plan) as model:
        for piece in model.stream(prompt):
            print(piece.upper(), end="")
        reply: mc.Reply = model.session(system="Be brief.").chat(prompt, temperature=0)
    return f"{reply.text} {reply.usage.completion_tokens}"


try:
    mc.resolve("gpt-4o")
except mc.ClosedWeights as error:
    print(words, where.repo_id, match.company.name if match and match.company else None, len(parts), error.subject, error.hint is not None)
