"""Owns which files of a checkpoint one load needs: one weight format, all its shards, no duplicate. Knows no hub."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog import catalog, later
from modelcatalog.catalog.completing import titled
from modelcatalog.errors import CheckpointNotFound, UnsafeRepository, Unsupported
from modelcatalog.hubs.files import COMPANIONS
from modelcatalog.planning import adapter, elsewhere
from modelcatalog.planning.shards import NUMBERED, Shards, check_numbers, shards

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelcatalog.hubs import RemoteFile
    from modelcatalog.planning.shards import Read
    from modelcatalog.records import ModelName, Quantization

    _Named = tuple[Quantization | None, tuple[RemoteFile, ...]]

__all__ = ["PLAIN", "Choice", "bits_of", "choose", "ggufs_of", "holds_several", "locked", "matches", "quantization_of", "schemes"]

_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".msgpack", ".h5")
_ALL_WEIGHTS = (*_PICKLES, ".gguf", ".onnx", ".safetensors")
PLAIN = 16.0
"""Bits of a weight that is not quantized, as models are published."""
_MAGIC = b"GGUF"
_OLDER = frozenset({b"lmgg", b"fmgg", b"tjgg"})
"""What llama.cpp's files began with before, of which the last word of its name stands backwards."""
_BLOB = later.pattern(r"sha256[-:][0-9a-f]{64}")
_LARGEST_COMPANION = 100_000_000
_INDEX = later.pattern(r"\.index(?:\.[\w-]+)?\.json$")
_NOT_THE_GGUF = ("mmproj", "imatrix", "ggml-vocab", "draft")
# What llama.cpp and Ollama take when nothing is asked for, then its neighbours, then by precision.
_USUAL_GGUF = ("Q4_K_M", "Q4_K_S", "Q4_K_XL", "Q4_0", "Q5_K_M", "Q8_0")


_SHOWN = 4


class Choice(NamedTuple):
    """The files of one load: the weights, then what stands beside them."""

    format: str
    """``safetensors`` or ``gguf``; ``lora`` for an adapter of PEFT, which is put onto a model."""
    weights: tuple[RemoteFile, ...]
    companions: tuple[RemoteFile, ...]
    reason: str
    quantization: Quantization | None = None
    """What the chosen file's own name says, for GGUF."""
    tensors: Mapping[str, str] | None = None
    """Tensor -> file, where the index of the weights was read."""
    folder: str = ""
    """The subfolder that everything lies in, with its slash."""


def choose(
    files: Sequence[RemoteFile],
    *,
    subject: str,
    file: str | None = None,
    scheme: str | None = None,
    code: bool = False,
    read: Read | None = None,
    largest: int | None = None,
) -> Choice:
    """Choose the files that a load needs.

    Args:
        files: Everything that is there.
        subject: The repository or folder, for messages.
        file: A weight file that must be among them.
        scheme: A quantization that a GGUF file must have: ``Q4_K_M``, or ``int4`` for any of four bits.
        code: Whether Python files of the repository may run.
        read: Reads a file that is there: which shards belong together stands in their index.
        largest: The largest index that may be read whole, in bytes; None: no limit.

    Raises:
        CheckpointNotFound: if there are no weights, or not those asked for.
        IntegrityError: if a shard is missing, or their index cannot be read.
        Unsupported: if the weights are those of something that is not loaded here; the error says of what.
        UnsafeRepository: if the only weights are pickles, which run code when they are read.
    """
    ggufs = ggufs_of(files)
    if file is not None and (named := _named(files, ggufs, subject=subject, file=file, read=read)) is not None:
        return named
    found = shards(files, read=read, largest=largest, subject=subject)
    if file is not None:
        one = tuple(f for f in files if f.path == file)
        found = found if one[0] in found.files else Shards(one)
        return Choice("safetensors", found.files, _companions(files, found, code=code), "the file that was named", tensors=found.tensors)
    if ggufs and (not found.files or scheme is not None):
        return _gguf(ggufs, subject=subject, scheme=scheme)
    if (lone := _lone(files, model=bool(found.files))) is not None:
        return _adapter(files, subject=subject, folder=lone, reason=f"the only adapter is in {lone.rstrip('/')}" if lone else "an adapter")
    elsewhere.check(files, subject=subject)
    if found.files:
        others = sum(1 for f in files if f.path.endswith(_ALL_WEIGHTS)) - len(found.files)
        reason = "safetensors come first" + (f"; {others} other weight files are left out" if others else "")
        if found.tensors is not None:
            reason = f"{found.listed_in} names {len(found.files)} weight files" + (f"; {others} others are left out" if others else "")
        else:
            check_numbers([f.path for f in found.files], subject=subject)
        return Choice("safetensors", found.files, _companions(files, found, code=code), reason, tensors=found.tensors)
    inner = elsewhere.folders(files)
    if len(inner) == 1:
        return _inside(inner[0], files, subject=subject, code=code, read=read, largest=largest)
    raise elsewhere.nothing(files, subject=subject)


def _inside(folder: str, files: Sequence[RemoteFile], *, subject: str, code: bool, read: Read | None, largest: int | None) -> Choice:
    """The checkpoint in the one subfolder that has one."""
    here = folder + "/"
    own = tuple(f.model_copy(update={"path": f.path.removeprefix(here)}) for f in files if f.path.startswith(here))
    reading = None if read is None else lambda path, start, length: read(here + path, start, length)
    made = choose(own, subject=f"{subject}/{folder}", code=code, read=reading, largest=largest)
    back = {f.path.removeprefix(here): f for f in files if f.path.startswith(here)}
    return made._replace(
        weights=tuple(back[f.path] for f in made.weights),
        companions=tuple(back[f.path] for f in made.companions),
        reason=f"the only checkpoint is in {folder}; {made.reason}",
        folder=here,
    )


def _lone(files: Sequence[RemoteFile], *, model: bool) -> str | None:
    """The folder of an adapter that stands for itself, with its slash: these files, or the one subfolder that has one; None where there is a model."""
    if adapter.holds(files, model=model):
        return ""
    inner = () if model or elsewhere.folders(files) else elsewhere.adapters(files)
    return f"{inner[0]}/" if len(inner) == 1 else None


def _adapter(files: Sequence[RemoteFile], *, subject: str, folder: str, reason: str) -> Choice:
    weights, beside = adapter.files_of(files, subject=subject, folder=folder)
    return Choice("lora", weights, beside, reason, folder=folder)


def _found(files: Sequence[RemoteFile]) -> str:
    names = [f.path for f in files[:5]]
    return f"it holds {', '.join(names)}{' and more' if len(files) > len(names) else ''}" if names else "it is empty"


def ggufs_of(files: Sequence[RemoteFile]) -> dict[str, tuple[RemoteFile, ...]]:
    """GGUF models by the path without shard numbers, each with its shards in order."""
    groups: dict[str, list[RemoteFile]] = {}
    for f in files:
        name = PurePosixPath(f.path)
        if name.suffix.lower() != ".gguf" or any(word in name.name.lower() for word in _NOT_THE_GGUF):
            continue
        match = NUMBERED.fullmatch(f.path)
        groups.setdefault(match["stem"] if match else f.path, []).append(f)
    return {key: tuple(sorted(group, key=lambda f: f.path)) for key, group in groups.items()}


def bits_of(quantization: Quantization | None, *, unknown: float = PLAIN) -> float:
    """Bits of a weight: those of a name that says nothing of quantization, and ``unknown`` of a method that leaves them open."""
    return float(quantization.bits or unknown) if quantization else PLAIN


def holds_several(name: ModelName) -> bool:
    """Whether a repository of this name holds several quantizations, of which the name asks for none."""
    return name.format == "gguf" and (name.quantization is None or name.quantization.scheme is None)


def quantization_of(path: str) -> Quantization | None:
    """What the name of a GGUF file says of its weights."""
    name = titled(PurePosixPath(path).name)
    return None if name is None else name.quantization


def _gguf(ggufs: dict[str, tuple[RemoteFile, ...]], *, subject: str, scheme: str | None) -> Choice:
    named = [(quantization_of(group[0].path), group) for group in ggufs.values()]
    if scheme is not None:
        fitting = [(q, group) for q, group in named if matches(q, scheme)]
        if not fitting:
            have = ", ".join(sorted({q.scheme or str(q) for q, _ in named if q})) or "none that the file names tell"
            message = f"{subject} has no GGUF file in {scheme}"
            raise CheckpointNotFound(message, subject=subject, hint=f"it has {have}")
        named = fitting
    named = _of_one_model(named, subject=subject)
    if len(named) == 1:
        quantization, group = named[0]
        check_numbers([f.path for f in group], subject=subject)
        reason = "the only GGUF file there" if scheme is None else f"{scheme} as asked"
        return Choice("gguf", group, (), reason, quantization)

    def rank(item: tuple[Quantization | None, tuple[RemoteFile, ...]]) -> tuple[int, float, str]:
        quantization, group = item
        usual = quantization.scheme if quantization else None
        place = _USUAL_GGUF.index(usual) if usual in _USUAL_GGUF else len(_USUAL_GGUF)
        return place, -float(quantization.bits or 0) if quantization else 0.0, group[0].path

    quantization, group = min(named, key=rank)
    check_numbers([f.path for f in group], subject=subject)
    if quantization is None:
        reason = f"{group[0].path}, the first of {len(named)} GGUF files, whose names do not tell how they differ; name another by its path"
        return Choice("gguf", group, (), reason)
    label = quantization.scheme or group[0].path
    reason = f"{label}, the usual one of {len(named)} GGUF quantizations; pass quantization= for another"
    return Choice("gguf", group, (), reason, quantization)


def _of_one_model(named: list[_Named], *, subject: str) -> list[_Named]:
    """Those of several GGUF files that may be the model that was asked for.

    Raises:
        CheckpointNotFound: they are of several models, of different families or sizes, and the subject does not say which is meant.
    """
    if len(named) == 1:
        return named
    family, size = _means(subject)
    meant = [(*_means(group[0].path), item) for item in named for group in (item[1],)]
    meant = [one for one in meant if not (family and one[0] and one[0] != family) and not (size and one[1] and one[1] != size)] or meant
    families, sizes = {one[0] for one in meant if one[0]}, {one[1] for one in meant if one[1]}
    if len(families) > 1 or len(sizes) > 1:
        each = {one[:2]: one[2][1][0].path for one in reversed(meant)}
        some = ", ".join(sorted(each.values())[:_SHOWN])
        message = f"{subject} holds GGUF files of several models: {some}"
        raise CheckpointNotFound(message, subject=subject, hint="name one: its path, or its address on the hub")
    return [one[2] for one in meant]


def _means(path: str) -> tuple[str | None, int | None]:
    """The family and the size that a file's or a folder's name says, where the catalog knows the family."""
    name = titled(PurePosixPath(path).name)
    if name is None:
        return None, None
    known = name.family if any(one.name == name.family for one in catalog.families) else None
    return known, name.size.total if name.size else None


def locked(files: Sequence[RemoteFile], *, subject: str, code: bool) -> Choice:
    """The choice that a lock wrote down: every weight file in it, whatever its name.

    Raises:
        CheckpointNotFound, UnsafeRepository: if there is no weight file in it.
    """
    for form, ending in (("safetensors", ".safetensors"), ("gguf", ".gguf")):
        weights = tuple(f for f in files if f.path.lower().endswith(ending))
        if weights:
            rest = tuple(f for f in files if f not in weights and (code or not f.path.endswith(".py")) and not f.path.endswith(_PICKLES))
            folder = str(PurePosixPath(weights[0].path).parent)
            return Choice(form, weights, rest, "", quantization_of(weights[0].path) if form == "gguf" else None, folder="" if folder == "." else f"{folder}/")
    if files and all(_BLOB.fullmatch(f.path) for f in files):
        # A file of Ollama's, whose name is its hash; nothing else is locked without an ending.
        return Choice("gguf", tuple(files), (), "")
    raise elsewhere.nothing(files, subject=subject)


def matches(quantization: Quantization | None, scheme: str) -> bool:
    """Whether a quantization is the one that a word asks for: a scheme, a method, or a number of bits.

    >>> matches(catalog.parse("m-Q4_K_M.gguf").quantization, "int4")
    True
    """
    if quantization is None:
        return False
    wanted = scheme.lower().replace("-", "_")
    if wanted in {(quantization.scheme or "").lower(), (quantization.method or "").replace("-", "_")}:
        return True
    digits = wanted.removeprefix("int").removesuffix("bit").rstrip("_")
    return digits.isdecimal() and quantization.bits == int(digits)


def schemes(files: Sequence[RemoteFile]) -> list[tuple[str, float]]:
    """The GGUF quantizations that there are, with their bits."""
    named = (quantization_of(group[0].path) for group in ggufs_of(files).values())
    return sorted({(q.scheme, float(q.bits or 0)) for q in named if q is not None and q.scheme is not None})


def _named(files: Sequence[RemoteFile], ggufs: dict[str, tuple[RemoteFile, ...]], *, subject: str, file: str, read: Read | None) -> Choice | None:
    """What a file that was named is; None for safetensors, which may have sisters."""
    for group in ggufs.values():
        if any(f.path == file for f in group):
            check_numbers([f.path for f in group], subject=subject)
            return Choice("gguf", group, (), "the file that was named", quantization_of(file))
    one = next((f for f in files if f.path == file), None)
    if one is None:
        message = f"{subject} has no file {file}"
        raise CheckpointNotFound(message, subject=f"{subject}/{file}", hint=_found(files))
    folder = one.path.rpartition("/")[0]
    if adapter.weighs(one.path) and any(f.path == f"{folder}/{adapter.words().config}".lstrip("/") for f in files):
        return _adapter(files, subject=subject, folder=f"{folder}/".lstrip("/"), reason="the file that was named")
    if one.path.endswith(".safetensors"):
        elsewhere.check_file(one.path, subject=subject)
        return None
    if read is not None and one.size >= len(_MAGIC) and read(one.path, 0, len(_MAGIC)) in _OLDER:
        raise elsewhere.older(one.path, subject)
    if one.path.endswith(_PICKLES) and not _is_gguf(one, read):
        message = f"{file} is a pickle, which runs code when it is read"
        raise UnsafeRepository(message, subject=f"{subject}/{file}", hint="name a safetensors or GGUF file")
    elsewhere.check_file(one.path, subject=subject)
    if _is_gguf(one, read):
        # Ollama keeps its files as blobs/sha256-…; four bytes tell what they are.
        return Choice("gguf", (one,), (), "the file that was named", quantization_of(file))
    message = f"{file} holds no weights that can be loaded"
    raise Unsupported(message, subject=f"{subject}/{file}", hint="name a safetensors or GGUF file, or the repository")


def _is_gguf(one: RemoteFile, read: Read | None) -> bool:
    return read is not None and one.size >= len(_MAGIC) and read(one.path, 0, len(_MAGIC)) == _MAGIC


def _companions(files: Sequence[RemoteFile], found: Shards, *, code: bool) -> tuple[RemoteFile, ...]:
    """Configuration, tokenizer, templates and the weights' index."""
    endings = (*COMPANIONS, ".py") if code else COMPANIONS
    index = found.listed_in if len(found.files) > 1 else None
    return tuple(
        f
        for f in files
        if f.path.endswith(endings)
        and f.size <= _LARGEST_COMPANION
        and ("/" not in f.path or f.path.startswith("additional_chat_templates/"))
        and (f.path == index or not _INDEX.search(f.path))
    )
