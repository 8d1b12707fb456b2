"""Recordings in prompts: how they may be written, what is refused, and the same tokens as transformers alone."""

from __future__ import annotations

import base64
import io
import json
import sys
import wave
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundzoo

import modelcatalog as mc
import visionzoo
import zoo
from modelcatalog.chat import asking, saving, showing
from modelcatalog.engines import Audio, sounds, taking
from modelcatalog.engines.openai.request import Dialect, body
from modelcatalog.engines.taking import sibling
from modelcatalog.engines.transformers import seam

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GREEDY: dict[str, Any] = {"temperature": 0, "max_new_tokens": 8}


def played(samples: Any, text: str = "What is this?") -> list[dict[str, Any]]:
    """A content: a recording, and a question."""
    return [{"type": "audio", "audio": samples, "sampling_rate": soundzoo.RATE}, {"type": "text", "text": text}]


def asked(samples: Any, text: str = "What is this?") -> list[dict[str, Any]]:
    """A conversation that asks about a recording."""
    return [{"role": "user", "content": played(samples, text)}]


# How recordings are written ------------------------------------------------------------------


def _ways(data: bytes, path: Path) -> list[dict[str, Any]]:
    text = base64.b64encode(data).decode()
    url = f"data:audio/x-wav;base64,{text}"
    samples = soundzoo.recording()
    return [
        {"type": "audio", "path": str(path)}, {"type": "audio", "path": path}, {"type": "audio", "audio": path}, {"type": "audio", "audio": str(path)},
        {"type": "audio", "audio": path.as_uri()}, {"type": "audio", "url": url}, {"type": "audio", "audio": data}, {"type": "audio", "base64": text},
        {"type": "input_audio", "input_audio": {"data": text, "format": "wav"}}, {"type": "audio_url", "audio_url": {"url": url}},
        {"type": "audio", "audio_url": url}, {"type": "audio", "audio": samples, "sampling_rate": 16_000}, {"type": "audio", "audio": (samples, 16_000)},
        {"type": "audio", "audio": {"array": samples, "sampling_rate": 16_000, "path": None}}, {"type": "audio", "audio": {"bytes": data, "path": "a.wav"}},
        {"type": "audio", "source": {"type": "base64", "media_type": "audio/wav", "data": text}},
    ]  # fmt: skip


def test_every_way_of_writing_a_recording_means_the_same(tmp_path: Path) -> None:
    """Paths, bytes, data URLs, base64 and arrays, in the words of transformers, OpenAI, vllm and datasets, are one and the same part."""
    path = tmp_path / "a recording.wav"
    path.write_bytes(soundzoo.wav())
    found = {asking.messages([{"role": "user", "content": ["hear ", way]}])[0] for way in _ways(soundzoo.wav(), path)}
    assert len(found) == 1
    (message,) = found
    assert message.content == "hear "
    assert sounds.of([message])[0].data == soundzoo.wav()
    assert repr(message) == "Message(role='user', content='hear ')"


@pytest.mark.parametrize("made", ["list", "float32", "float64", "int16", "int32", "uint8", "columns", "rows", "torch"])
def test_samples_stay_what_they_are(made: str) -> None:
    """Whatever they come as, what is read is what was given: of two channels the mean, and of integers their share of the largest."""
    tone = np.sin(np.arange(400) / 7).astype(np.float32) * 0.8
    given: dict[str, Any] = {
        "list": tone.tolist(), "float32": tone, "float64": tone.astype(np.float64), "int16": (tone * 32768).astype(np.int16),
        "int32": (tone.astype(np.float64) * 2**31).astype(np.int32), "uint8": (tone * 128 + 128).astype(np.uint8),
        "columns": np.stack([tone, -tone / 2], axis=1), "rows": np.stack([tone, -tone / 2]), "torch": pytest.importorskip("torch").tensor(tone)[None],
    }  # fmt: skip
    read = sounds.from_array(given[made], 8000, "here").samples()
    assert read is not None
    assert read.rate == 8000
    assert read.values.dtype == np.float32
    wanted = tone / 4 if made in {"columns", "rows"} else tone
    assert np.abs(read.values - wanted).max() < {"int16": 2**-15, "uint8": 2**-7}.get(made, 2**-31 * 2)


def test_wav_of_every_width_is_read() -> None:
    """24 bits too, which numpy has no number for; a file of floats is left to a library that knows it."""
    values = [0, 1 << 22, -(1 << 23), (1 << 23) - 1]
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 3, 16_000, 0, "NONE", ""))
        file.writeframes(b"".join(value.to_bytes(3, "little", signed=True) for value in values))
    read = sounds.from_bytes(out.getvalue(), "here").samples()
    assert read is not None
    assert read.values.tolist() == [0.0, 0.5, -1.0, np.float32(((1 << 23) - 1) / (1 << 23))]
    floats = bytearray(soundzoo.wav())
    floats[20] = 3
    assert sounds.from_bytes(bytes(floats), "here").samples() is None


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"type": "audio"}, "has no audio"),
        ({"type": "audio", "path": "/nowhere/hello.wav"}, "the recording '/nowhere/hello.wav' in message 1 cannot be read: No such file"),
        ({"type": "audio", "url": "./hello.wav"}, "an address begins with https:, http: or data:"),
        ({"type": "audio", "audio": b"not sound"}, "is not a recording: the file begins with"),
        ({"type": "audio", "audio": "hello".encode("utf-16")}, "is not a recording: the file begins with"),
        ({"type": "audio", "audio": b""}, "the file is empty"),
        ({"type": "audio", "audio": 7}, "is of type int"),
        ({"type": "audio", "path": "a.wav", "url": "https://example.com/a.wav"}, "path and url"),
        ({"type": "input_audio", "input_audio": {"data": "@@@", "format": "wav"}}, "is not base64"),
        ({"type": "audio", "audio": np.zeros(4)}, "has the sampling_rate None"),
        ({"type": "audio", "audio": np.zeros(4), "sampling_rate": 0}, "has the sampling_rate 0"),
        ({"type": "audio", "audio": np.zeros((9, 9)), "sampling_rate": 16_000}, r"has the shape \(9, 9\)"),
        ({"type": "audio", "audio": np.zeros(0), "sampling_rate": 16_000}, r"has the shape \(0,\)"),
        ({"type": "audio", "audio": np.zeros(4, dtype=complex), "sampling_rate": 16_000}, "the type complex128"),
        ({"type": "audio", "audio": np.array([0, 400.0]), "sampling_rate": 16_000}, "goes up to 400: floats lie between -1 and 1"),
        ({"type": "audio", "audio": np.array([0, np.nan]), "sampling_rate": 16_000}, "goes up to nan"),
        ({"type": "audio", "audio": soundzoo.wav(), "sampling_rate": 16_000}, "a file says its own"),
    ],
)
def test_what_is_not_a_recording_is_said_before_anything_is_asked(part: dict[str, Any], said: str) -> None:
    """Each kind of mistake is named, with the message that it stands in."""
    with pytest.raises(mc.Unsupported, match=said):
        asking.messages([{"role": "user", "content": [part]}])


def test_what_is_too_loud_is_cut_off_with_a_word() -> None:
    """A resampled recording may go a little beyond 1."""
    with pytest.warns(UserWarning, match=r"goes up to 1.25, and is cut off at 1"):
        read = sounds.from_array(np.array([1.25, -0.5]), 16_000, "here").samples()
    assert read is not None
    assert read.values.tolist() == [1.0, -0.5]


@pytest.mark.parametrize(
    ("head", "known"),
    [(b"ID3\x04", "mp3"), (b"\xff\xfb\x90", "mp3"), (b"\xff\xf1\x50", "aac"), (b"fLaC", "flac"), (b"OggS", "ogg"), (b"\0\0\0\x20ftypM4A ", "m4a")],
)
def test_formats_are_known_by_their_first_bytes(head: bytes, known: str) -> None:
    """In OpenAI's words, which a server is told."""
    assert sounds.from_bytes(head, "here").format == known


def test_a_conversation_with_recordings_is_saved(tmp_path: Path) -> None:
    """They are saved with the messages beside images, and come back as they were."""
    content = [{"type": "image", "image": visionzoo.picture()}, *played(soundzoo.recording())]
    turns = asking.messages([{"role": "user", "content": content}])
    saving.write(tmp_path / "session.json", "acme", {}, turns)
    assert saving.read(tmp_path / "session.json").messages == turns


def test_a_server_gets_recordings_in_its_own_words() -> None:
    """As base64 with the format beside it; at an address only what was fetched, and only where the caller allows it."""
    turns = asking.messages(asked(soundzoo.recording()))
    (sent,) = body(turns, mc.engines.Options(), "m", Dialect(newest=False, vendor=False))["messages"]
    assert sent["content"][0] == {"type": "input_audio", "input_audio": {"data": base64.b64encode(soundzoo.wav()).decode(), "format": "wav"}}
    far = asking.messages([{"role": "user", "content": [{"type": "audio", "url": "https://127.0.0.1:9/hello.wav"}]}])
    with pytest.raises(mc.Unsupported, match="no address is asked unless you say so") as error:
        showing.fetched(far, image_urls=True, audio_urls=False, whole=False)
    assert "audio_urls=True" in str(error.value)
    with pytest.raises(mc.Unsupported, match=r"the recording at https://127\.0\.0\.1:9/hello\.wav cannot be fetched"):
        showing.fetched(far, image_urls=False, audio_urls=True, whole=False)
    odd = asking.messages([{"role": "user", "content": [{"type": "audio", "url": "https://127.0.0.1:9/hello there.wav"}]}])
    with pytest.raises(mc.Unsupported, match=r"the recording at https://127\.0\.0\.1:9/hello there\.wav cannot be fetched: URL can't"):
        showing.fetched(odd, image_urls=False, audio_urls=True, whole=False)


# Models --------------------------------------------------------------------------------------


def _here(kind: str) -> bool:
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    return kind in CONFIG_MAPPING_NAMES


@pytest.fixture(scope="module", params=soundzoo.KINDS)
def hearing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, mc.ChatModel]]:
    """A small model of each family, loaded as users load it."""
    if not _here(request.param):
        pytest.skip("this transformers does not have it")
    folder = soundzoo.write(request.param, tmp_path_factory.mktemp("hearing") / f"acme-{request.param}")
    options = {"audio": True} if request.param == "gemma4" else None
    with pytest.warns(UserWarning, match="an image or a recording in it reads the whole conversation again"):
        model = mc.load(str(folder), engine_options=options)
    with model:
        yield folder, model


def expected(folder: Path, messages: list[dict[str, Any]], count: int = 8) -> str:
    """What transformers alone answers: samples as it takes them, in float32."""
    bare = []
    for one in messages:
        parts = one["content"]
        if not isinstance(parts, str):
            parts = [{"type": "audio", "audio": p["audio"].astype(np.float32) / 32768} if p["type"] == "audio" else p for p in parts]
        bare.append({**one, "content": parts})
    return visionzoo.answered(folder, "AutoModelForMultimodalLM", bare, count)


def test_the_same_tokens_as_transformers_alone(hearing: tuple[Path, mc.ChatModel]) -> None:
    """In a reply, a stream, a batch that keeps its order and its errors, and a session that remembers what it heard."""
    folder, model = hearing
    one, two, text = asked(soundzoo.recording(1)), asked(soundzoo.recording(2, 0.3)), [{"role": "user", "content": "hello"}]
    wanted = [expected(folder, one), expected(folder, two)]
    assert model.chat(one, **GREEDY).text == wanted[0]
    assert "".join(model.stream(two, **GREEDY)) == wanted[1]
    broken = [{"role": "user", "content": [{"type": "image", "image": b"GIF89a", "detail": "low"}]}]
    replies = list(model.batch([one, text, broken, two], **GREEDY))
    assert [reply.text for reply in replies if reply.error is None] == [wanted[0], expected(folder, text), wanted[1]]
    assert isinstance(replies[2].error, mc.Unsupported)
    session = model.session(**GREEDY)
    first = session.chat(played(soundzoo.recording(1))).text
    assert first == wanted[0]
    history = [*one, {"role": "assistant", "content": first}, {"role": "user", "content": "And now?"}]
    assert session.chat("And now?").text == expected(folder, history)
    assert [message.parts is None for message in session.messages] == [False, True, True, True]


def test_another_recording_is_another_input(hearing: tuple[Path, mc.ChatModel]) -> None:
    """What the model reads beside its tokens is of this recording; text alone has nothing there."""
    _, model = hearing
    ask = model._engine._ask  # type: ignore[attr-defined]
    first, second = (ask(asking.messages(asked(soundzoo.recording(seed))), mc.engines.Options()).row.inputs["input_features"] for seed in (1, 2))
    assert first.shape == second.shape
    assert not first.equal(second)
    assert ask(asking.messages("hello"), mc.engines.Options()).row.inputs == {}


def test_a_recording_at_another_rate(hearing: tuple[Path, mc.ChatModel]) -> None:
    """It is resampled by the library that transformers takes for it; where there is none, the error says which."""
    _, model = hearing
    slow = [{"role": "user", "content": [{"type": "audio", "audio": soundzoo.wav(rate=8000)}]}]
    if find_spec("soxr") is not None and find_spec("soundfile") is not None:
        assert model.chat(slow, **GREEDY).error is None
        return
    with pytest.raises(mc.MissingPackage, match=r"a recording of 8,000 samples a second, of which .* hears 16,000, needs librosa") as error:
        model.chat(slow, **GREEDY)
    assert error.value.install == "pip install librosa"


def test_images_and_recordings_in_one_prompt(hearing: tuple[Path, mc.ChatModel]) -> None:
    """Where a model takes both, it gets both; where it has no eyes, an image is refused before a token."""
    folder, model = hearing
    both = [{"role": "user", "content": [{"type": "image", "image": visionzoo.picture()}, *played(soundzoo.recording(1))]}]
    if "gemma4" in folder.name:
        assert model.chat(both, **GREEDY).text == expected(folder, both)
        return
    with pytest.raises(mc.Unsupported, match="takes no images"):
        model.chat(both, **GREEDY)


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[mc.ChatModel]:
    """The one whose windows are cut off."""
    folder = soundzoo.write("qwen2_audio", tmp_path_factory.mktemp("qwen") / "acme-audio")
    with pytest.warns(UserWarning, match="reads the whole conversation again"):
        model = mc.load(str(folder))
    with model:
        yield model


def test_what_a_model_does_not_hear_is_said(qwen: mc.ChatModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor that cuts off what is longer than its window does so without a word of its own."""
    monkeypatch.setattr(taking, "_LONG", 1)
    qwen.chat(asked(soundzoo.recording(1, 1.5)), **GREEDY)
    with pytest.warns(UserWarning, match="does not hear the end of a recording of 4 seconds"):
        qwen.chat(asked(soundzoo.recording(1, 4)), **GREEDY)


def test_the_mark_of_a_recording_in_a_text(qwen: mc.ChatModel) -> None:
    """It would be taken for the recording."""
    with pytest.raises(mc.Unsupported, match="knows the place of an image or a recording"):
        qwen.chat(asked(soundzoo.recording(), "what is <|AUDIO|>?"), **GREEDY)


def test_a_template_of_texts_gets_the_mark(qwen: mc.ChatModel) -> None:
    """Some models are asked with the mark in the text, as their cards do it: their templates know no parts."""
    ask = qwen._engine._ask  # type: ignore[attr-defined]
    given = asking.messages(asked(soundzoo.recording()))
    options = [mc.engines.Options(chat_template=template) for template in (zoo.TEMPLATE, visionzoo.template({"audio": "<|AUDIO|>"}))]
    first, second = (ask(given, one).row.ids for one in options)
    assert first == second
    fixed = "{{ 'hello' }}{% if add_generation_prompt %}{{ 'A: ' }}{% endif %}"
    with pytest.raises(mc.Unsupported):
        qwen.chat(asked(soundzoo.recording()), chat_template=fixed, **GREEDY)


def test_a_model_without_ears_says_which_has_them(tmp_path: Path) -> None:
    """A recording is refused before a token is made: by a model of text, and by one that sees."""
    with mc.load(str(zoo.write("llama", tmp_path / "acme-deaf"))) as model, pytest.raises(mc.Unsupported, match="takes no recordings"):
        model.chat(asked(soundzoo.recording()), **GREEDY)
    with pytest.warns(UserWarning, match="reads the whole conversation again"):
        seeing = mc.load(str(visionzoo.write("llava", tmp_path / "acme-llava")))
    with seeing, pytest.raises(mc.Unsupported, match="LlavaForConditionalGeneration has no part that hears them"):
        seeing.chat(asked(soundzoo.recording()), **GREEDY)
    assert sibling("Qwen2-7B-Instruct", Audio) == "Qwen/Qwen2-Audio-7B-Instruct"
    assert sibling("xyzzy-7b", Audio) is None


def test_a_language_model_alone_says_how_to_load_it_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is something in its files that hears; a part that sees is of no use to a recording."""
    folder = visionzoo.write("qwen3_5", tmp_path / "acme-half")
    with pytest.warns(UserWarning, match="generate makes the tokens"):
        model = mc.load(str(folder))
    with model:
        with pytest.raises(mc.Unsupported, match="Qwen3_5ForCausalLM has no part that hears them"):
            model.chat(asked(soundzoo.recording()), **GREEDY)
        monkeypatch.setattr(seam, "_OF_SOUND", ("vision",))
        with pytest.raises(mc.Unsupported, match="as its language model alone") as error:
            model.chat(asked(soundzoo.recording()), **GREEDY)
    assert 'engine_options={"audio": True}' in (error.value.hint or "")
    with pytest.raises(mc.Unsupported, match="is not True or False"):
        mc.load(str(folder), engine_options={"audio": "yes"})


def test_a_recording_needs_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file can be sent to a server without it."""
    (message,) = asking.messages([{"role": "user", "content": [{"type": "audio", "audio": soundzoo.wav()}]}])
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(mc.MissingPackage) as error:
        sounds.of([message])[0].samples()
    assert error.value.install == "pip install numpy"


@pytest.mark.filterwarnings("default::UserWarning")
def test_the_command_line_plays_recordings(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """With the first prompt; a wrong file ends it before anything is loaded."""
    from modelcatalog.cli import main

    folder = soundzoo.write("qwen2_audio", tmp_path / "acme-audio")
    (tmp_path / "hello.wav").write_bytes(soundzoo.wav())
    (tmp_path / "hello.txt").write_text("no sound")
    line = ["modelcatalog", "chat", str(folder), "What is this?", "--json", "--max-new-tokens", "2", "--audio"]
    for file, code in (("hello.wav", 0), ("hello.txt", 1)):
        monkeypatch.setattr(sys, "argv", [*line, str(tmp_path / file)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
        with pytest.raises(SystemExit) as ended:
            main()
        assert (ended.value.code or 0) == code
    ran = capsys.readouterr()
    assert json.loads(ran.out.splitlines()[0])["usage"]["prompt_tokens"] > 30
    assert "the recording in --audio is not a recording" in ran.err


def test_what_hears_without_its_processor_is_refused(tmp_path: Path) -> None:
    """Its weights alone say how to answer, and nothing how to listen: so it is said before anything is fetched or loaded."""
    folder = soundzoo.write("qwen2_audio", tmp_path / "acme-audio")
    mc.plan(str(folder))
    for file in ("preprocessor_config.json", "processor_config.json"):
        (folder / file).unlink(missing_ok=True)
    with pytest.raises(mc.Unsupported, match="made for recordings: Qwen2AudioForConditionalGeneration") as refused:
        mc.plan(str(folder))
    assert "processor_config.json" in (refused.value.hint or "")
