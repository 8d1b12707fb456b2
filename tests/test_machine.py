# ruff: noqa: D102, N802  the names are the library's
"""Tests of what a plan knows of machines: NVIDIA's library and /sys as they are elsewhere, containers' limits, and machines that one does not have."""

from __future__ import annotations

import ctypes
import sys
from typing import TYPE_CHECKING, Any

import pytest

from modelcatalog import plan
from modelcatalog.errors import Unsupported
from modelcatalog.planning import accelerators, cards, installed, machine, ram
from modelcatalog.planning.accelerators import Gpu

if TYPE_CHECKING:
    from pathlib import Path

GIB = 1 << 30
FULL = "GPU-8f6d1c1a-0000-1111-2222-333344445555"
OTHER = "GPU-9a9a9a9a-0000-1111-2222-333344445555"
PART = "MIG-11111111-2222-3333-4444-555555555555"
SECOND = "MIG-99999999-2222-3333-4444-555555555555"


class Nvml:
    """NVML as far as it is asked: every GPU is (name, uuid, bytes), and one in parts has them as a list of (uuid, bytes)."""

    def __init__(self, *every: tuple[str, str, int | None, tuple[tuple[str, int], ...]]) -> None:
        self._every = every

    def _at(self, handle: Any) -> tuple[str, str, int | None]:
        number = handle.value - 1
        gpu = self._every[number % 100]
        if number < 100:
            return gpu[0], gpu[1], gpu[2]
        uuid, size = gpu[3][number // 100 - 1]
        return f"{gpu[0]} MIG", uuid, size

    def nvmlInit_v2(self) -> int:
        return 0

    def nvmlShutdown(self) -> int:
        return 0

    def nvmlDeviceGetCount_v2(self, count: Any) -> int:
        count._obj.value = len(self._every)
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, at: Any, handle: Any) -> int:
        handle._obj.value = at.value + 1
        return 0

    def nvmlDeviceGetMigMode(self, handle: Any, current: Any, pending: Any) -> int:
        current._obj.value = int(bool(self._every[handle.value - 1][3]))
        return 0

    def nvmlDeviceGetMaxMigDeviceCount(self, handle: Any, most: Any) -> int:
        most._obj.value = 7
        return 0

    def nvmlDeviceGetMigDeviceHandleByIndex(self, handle: Any, at: Any, part: Any) -> int:
        if at.value >= len(self._every[handle.value - 1][3]):
            return 6
        part._obj.value = handle.value + 100 * (at.value + 1)
        return 0

    def nvmlDeviceGetUUID(self, handle: Any, text: Any, size: Any) -> int:
        text.value = self._at(handle)[1].encode()
        return 0

    def nvmlDeviceGetName(self, handle: Any, text: Any, size: Any) -> int:
        text.value = self._at(handle)[0].encode()
        return 0

    def nvmlDeviceGetCudaComputeCapability(self, handle: Any, major: Any, minor: Any) -> int:
        major._obj.value, minor._obj.value = 9, 0
        return 0

    def nvmlDeviceGetMemoryInfo(self, handle: Any, memory: Any) -> int:
        size = self._at(handle)[2]
        if size is None:
            return 3
        memory._obj.total, memory._obj.free = size, size - GIB
        return 0


TWO = Nvml(("NVIDIA H100", FULL, 80 * GIB, ()), ("NVIDIA L4", OTHER, 24 * GIB, ()))
PARTS = Nvml(("NVIDIA H100", FULL, 80 * GIB, ((PART, 10 * GIB), (SECOND, 20 * GIB))), ("NVIDIA A100", OTHER, 40 * GIB, ((f"{PART}x", 5 * GIB),)))


class TestNvidia:
    """NVML, and what CUDA_VISIBLE_DEVICES leaves of it."""

    @pytest.mark.parametrize(
        ("said", "names"),
        [
            (None, ["NVIDIA H100", "NVIDIA L4"]),
            ("0,1", ["NVIDIA H100", "NVIDIA L4"]),
            ("1, 0", ["NVIDIA L4", "NVIDIA H100"]),
            ("1", ["NVIDIA L4"]),
            (OTHER, ["NVIDIA L4"]),
            ("GPU-9a9a", ["NVIDIA L4"]),
            (f"{OTHER},{FULL}", ["NVIDIA L4", "NVIDIA H100"]),
            ("0,7,1", ["NVIDIA H100"]),
            ("0,0", ["NVIDIA H100"]),
            ("GPU-nothing", []),
            ("", []),
            ("-1", []),
            ("NoDevFiles", []),
        ],
    )
    def test_chosen(self, said: str | None, names: list[str]) -> None:
        """By number, by UUID, by the beginning of one; the first that is none ends the list."""
        found = accelerators.nvidia(TWO, {} if said is None else {"CUDA_VISIBLE_DEVICES": said})
        assert [card.name for card in found] == names
        assert all(card.free == card.total - GIB and card.capability == (9, 0) for card in found)

    @pytest.mark.parametrize(
        ("said", "sizes"), [(None, [10]), ("0", [10]), ("1", [5]), (SECOND, [20]), ("MIG-9999", [20]), (f"{SECOND},{PART}", [20, 10]), (FULL, [])]
    )
    def test_parts(self, said: str | None, sizes: list[int]) -> None:
        """A GPU in parts is its parts, each with its own memory; without a word CUDA takes the first."""
        found = accelerators.nvidia(PARTS, {} if said is None else {"CUDA_VISIBLE_DEVICES": said})
        assert [card.total // GIB for card in found] == sizes

    def test_memory_of_the_machine(self) -> None:
        """A chip whose driver counts no memory has the machine's."""
        (found,) = accelerators.nvidia(Nvml(("NVIDIA GB10", FULL, None, ())), {})
        assert found.shared
        assert found.total == ram.total_ram()

    def test_no_driver(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without the library there is none."""

        def missing(name: str) -> Any:
            raise OSError(name)

        monkeypatch.setattr(ctypes, "CDLL", missing)
        assert accelerators.nvidia(environment={}) == ()


def _card(system: Path, number: int, vendor: str, **files: str) -> Path:
    device = system / f"sys/class/drm/card{number}/device"
    device.mkdir(parents=True)
    for name, text in {"vendor": vendor, **files}.items():
        (device / name).parent.mkdir(parents=True, exist_ok=True)
        (device / name).write_text(text)
    return device


def _amd(system: Path, number: int, size: int, used: int = 0, **files: str) -> None:
    _card(system, number, "0x1002", mem_info_vram_total=str(size), mem_info_vram_used=str(used), **files)


class TestOthers:
    """AMD's and Intel's cards by /sys."""

    def test_amd(self, tmp_path: Path) -> None:
        """The kernel's driver tells what there is and what is taken; a display of another maker is none."""
        (tmp_path / "dev").mkdir()
        (tmp_path / "dev/kfd").touch()
        _amd(tmp_path, 10, 24 * GIB, GIB, product_name="RX 7900 XTX\n")
        _amd(tmp_path, 2, 192 * GIB, unique_id="0xabc")
        _card(tmp_path, 0, "0x1a03")
        (tmp_path / "sys/class/drm/card2-DP-1").mkdir()
        found = accelerators.amd(tmp_path, {})
        assert [(card.name, card.free // GIB, card.device) for card in found] == [("an AMD GPU", 192, "cuda"), ("RX 7900 XTX", 23, "cuda")]
        for variables, sizes in (
            ({"HIP_VISIBLE_DEVICES": "1"}, [24]),
            ({"ROCR_VISIBLE_DEVICES": "1", "HIP_VISIBLE_DEVICES": "0"}, [24]),
            ({"ROCR_VISIBLE_DEVICES": "GPU-abc"}, [192]),
            ({"CUDA_VISIBLE_DEVICES": "0"}, [192]),
            ({"HIP_VISIBLE_DEVICES": ""}, []),
            ({"HIP_VISIBLE_DEVICES": "-1"}, []),
        ):
            assert [card.total // GIB for card in accelerators.amd(tmp_path, variables)] == sizes, variables

    def test_not_given_to_the_container(self, tmp_path: Path) -> None:
        """/sys shows the host's cards in a container that has none of them."""
        _amd(tmp_path, 0, 24 * GIB)
        assert accelerators.amd(tmp_path, {}) == ()

    def test_processor_with_graphics(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Graphics inside a processor have the machine's memory; beside a card of its own memory they do not count."""
        monkeypatch.setattr(ram, "free_ram", lambda: 50 * GIB)
        (tmp_path / "dev").mkdir()
        (tmp_path / "dev/kfd").touch()
        _amd(tmp_path, 0, GIB // 2, mem_info_gtt_total=str(96 * GIB), mem_info_gtt_used="0")
        (found,) = accelerators.amd(tmp_path, {})
        assert (found.shared, found.total, found.free) == (True, 96 * GIB, 50 * GIB)
        _amd(tmp_path, 1, 16 * GIB)
        assert [card.total // GIB for card in accelerators.amd(tmp_path, {})] == [16]

    def test_intel(self, tmp_path: Path) -> None:
        """By the driver's own number, else by the window into the card's memory; graphics without memory of their own are none."""
        _card(tmp_path, 0, "0x8086", resource="0x0 0xffffff 0x140204\n")
        _card(tmp_path, 1, "0x8086", **{"tile0/physical_vram_size_bytes": str(24 * GIB)})
        _card(tmp_path, 2, "0x8086", resource=f"0x0 0xffffff 0x140204\n0x4000000000 {hex(0x4000000000 + 16 * GIB - 1)} 0x14220c\n")
        assert [(card.total // GIB, card.device) for card in accelerators.intel(tmp_path)] == [(24, "xpu"), (16, "xpu")]


class TestTorch:
    """Which of them the installed torch can use."""

    @pytest.mark.parametrize(("built", "able"), [({"cuda": False, "hip": False}, False), ({"cuda": True}, True), ({"hip": True}, True), ({}, True)])
    def test_by_its_version_file(self, built: dict[str, bool], able: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
        """A torch built for the CPU alone uses no GPU, imported or not."""
        monkeypatch.setattr(accelerators, "nvidia", lambda: (Gpu("NVIDIA H100", GIB, GIB),))
        monkeypatch.setattr(installed, "torch_built", lambda: built)
        monkeypatch.setitem(sys.modules, "torch", None)
        assert [card.torch for card in accelerators.visible()] == [able]

    def test_imported(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Once torch is imported, its own word counts: the torch of these tests may have no GPU."""
        torch = pytest.importorskip("torch")
        if torch.accelerator.is_available():
            pytest.skip("this torch has a GPU")
        monkeypatch.setattr(accelerators, "nvidia", lambda: (Gpu("NVIDIA H100", GIB, GIB),))
        assert [card.torch for card in accelerators.visible()] == [False]

    def test_plan(self, gguf_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The plan is for the CPU then, and says why."""
        monkeypatch.setattr(machine, "gpus", lambda: (Gpu("NVIDIA H100", GIB, GIB, (9, 0), torch=False),))
        made = plan(gguf_file, engine="transformers")
        assert made.device == "cpu"
        assert any("the installed torch cannot use NVIDIA H100" in reason for reason in made.reasons)


class TestRam:
    """RAM inside a container's limits."""

    def _system(self, root: Path, available: int = 64 * GIB) -> Path:
        (root / "proc/self").mkdir(parents=True)
        (root / "proc/meminfo").write_text(f"MemTotal: {128 * GIB // 1024} kB\nMemAvailable: {available // 1024} kB\n")
        return root

    def _group(self, root: Path, path: str, **files: int | str) -> None:
        folder = root / "sys/fs/cgroup" / path
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in files.items():
            (folder / name.replace("__", ".")).write_text(str(value))

    def test_free(self, tmp_path: Path) -> None:
        """Without a limit it is what the kernel says."""
        system = self._system(tmp_path)
        assert (ram.free_ram(system), ram.total_ram(system)) == (64 * GIB, 128 * GIB)

    def test_version_2(self, tmp_path: Path) -> None:
        """The tightest limit counts, of this group or one above it; files' pages are given back."""
        system = self._system(tmp_path)
        (system / "proc/self/cgroup").write_text("0::/user.slice/job\n")
        self._group(system, "", memory__max="max", memory__current=5)
        self._group(system, "user.slice", memory__max=16 * GIB, memory__current=10 * GIB)
        self._group(system, "user.slice/job", memory__max=12 * GIB, memory__current=8 * GIB, memory__stat=f"anon 1\ninactive_file {GIB}\nactive_file {GIB}\n")
        assert ram.free_ram(system) == 6 * GIB

    def test_in_a_container(self, tmp_path: Path) -> None:
        """Inside a container its own group is the root of what it sees, whatever its path is outside."""
        system = self._system(tmp_path)
        (system / "proc/self/cgroup").write_text("0::/../../docker/abc\n")
        self._group(system, "", memory__max=4 * GIB, memory__current=GIB)
        assert ram.free_ram(system) == 3 * GIB

    def test_version_1(self, tmp_path: Path) -> None:
        """The older layout, with and without a limit."""
        system = self._system(tmp_path)
        (system / "proc/self/cgroup").write_text("9:cpu:/\n5:memory:/docker/abc\n")
        self._group(system, "memory", memory__limit_in_bytes=9223372036854771712, memory__usage_in_bytes=GIB)
        assert ram.free_ram(system) == 64 * GIB
        self._group(system, "memory", memory__limit_in_bytes=8 * GIB, memory__usage_in_bytes=6 * GIB, memory__stat=f"total_inactive_file {GIB}\n")
        assert ram.free_ram(system) == 3 * GIB


class TestCards:
    """Machines by what people say."""

    @pytest.mark.parametrize(
        ("text", "names", "total", "device"),
        [
            ("RTX 4090", ["RTX 4090"], 24, "cuda"),
            ("rtx4090", ["RTX 4090"], 24, "cuda"),
            ("NVIDIA GeForce RTX 4090", ["RTX 4090"], 24, "cuda"),
            ("4090", ["RTX 4090"], 24, "cuda"),
            ("2x H100", ["H100"] * 2, 80, "cuda"),
            ("8×H200", ["H200"] * 8, 141, "cuda"),
            ("H100 x4", ["H100"] * 4, 80, "cuda"),
            ("A100 80GB", ["A100"], 80, "cuda"),
            ("A100-80GB", ["A100"], 80, "cuda"),
            ("A100", ["A100"], 40, "cuda"),
            ("MI300X", ["MI300X"], 192, "cuda"),
            ("Radeon RX 7900 XTX", ["RX 7900 XTX"], 24, "cuda"),
            ("Arc B580", ["Arc B580"], 12, "xpu"),
            ("M3 Max 64GB", ["M3 Max"], 64, "mps"),
            ("Apple M2 Ultra (192 GB)", ["M2 Ultra"], 192, "mps"),
            ("DGX Spark", ["DGX Spark"], 128, "cuda"),
            ("24GB", ["a card of 24 GiB"], 24, "cuda"),
            ("2x 24 GB", ["a card of 24 GiB"] * 2, 24, "cuda"),
            ("24 GiB VRAM", ["a card of 24 GiB"], 24, "cuda"),
            ("NVIDIA GeForce RTX 4060 Laptop GPU", ["RTX 4060 Laptop"], 8, "cuda"),
            ("MacBook Pro M5 Max 128GB", ["M5 Max"], 128, "mps"),
            ("Mac Studio M5 Ultra 512GB", ["M5 Ultra"], 512, "mps"),
            ("MacBook M6 24GB", ["M6"], 24, "mps"),
            ("Radeon PRO V620", ["Radeon PRO V620"], 32, "cuda"),
            ("6750 XT", ["RX 6750 XT"], 12, "cuda"),
            ("H800", ["H800"], 80, "cuda"),
            ("2x RTX 3090 Ti", ["RTX 3090 Ti"] * 2, 24, "cuda"),
            ("NVIDIA GeForce RTX 3080 Ti Laptop GPU", ["RTX 3080 Ti Laptop"], 16, "cuda"),
            ("NVIDIA Corporation GB203M / GN22-X11 [GeForce RTX 5090 Max-Q / Mobile]", ["RTX 5090 Laptop"], 24, "cuda"),
            ("RTX 4080 Mobile", ["RTX 4080 Laptop"], 12, "cuda"),
            ("NVIDIA RTX 5000 Ada Generation Laptop GPU", ["RTX 5000 Ada Laptop"], 16, "cuda"),
            ("Ryzen AI 9 HX 370 96GB", ["Ryzen AI 9 HX 370"], 96, "cuda"),
            ("H100 x8", ["H100"] * 8, 80, "cuda"),
            ("Gaudi 3", ["Gaudi 3"], 128, "hpu"),
            ("华为昇腾 910B 64GB", ["昇腾 910B"], 64, "npu"),
            ("Jetson AGX Orin 64GB", ["Jetson AGX Orin"], 64, "cuda"),
            ("RTX PRO 6000 Blackwell Max-Q", ["RTX PRO 6000 Blackwell Max-Q"], 96, "cuda"),
        ],
    )
    def test_read(self, text: str, names: list[str], total: int, device: str) -> None:
        """Counts, memory and makers' words in any order that people write."""
        found = cards.read(text)
        assert [card.name for card in found.cards] == names
        assert {(card.total // GIB, card.device) for card in found.cards} == {(total, device)}

    def test_every_name(self) -> None:
        """Each name of the data means its own card, as it stands and with the words of drivers around it."""
        for card in cards.cards().card:
            for name in card.names:
                size = f" {card.memory[0]}GB" if card.share is not None else ""
                for text in (f"{name}{size}", f"2x NVIDIA {name} GPU{size}", f"{name}{size} x2"):
                    assert {one.name for one in cards.read(text).cards} <= set(card.names), text

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("NVIDIA GeForce RTX 5070 Laptop GPU", 384),
            ("GeForce RTX 5090 Max-Q / Mobile", 896),
            ("NVIDIA RTX A3000 Laptop GPU", 264),
            ("AMD Radeon 890M Graphics", 120),
            ("NVIDIA GeForce RTX 4070 Ti SUPER", 672),
            ("NVIDIA GeForce GTX 1650 with Max-Q Design", None),  # never the desktop's
        ],
    )
    def test_bandwidth_by_what_drivers_say(self, name: str, expected: int | None) -> None:
        """A laptop's GPU is known by all words for it, and has no other one's bandwidth."""
        assert cards.bandwidth(Gpu(name, 0, 6 * GIB)) == expected

    def test_sources(self) -> None:
        """A card that names a page names the day on which it was read; none has two names of another, nor a bandwidth for sizes that it lacks."""
        every = cards.cards().card
        pages = [(card, (card.source,) if isinstance(card.source, str) else card.source) for card in every if card.source != "unverified"]
        assert all(page.startswith("https://") and card.checked is not None for card, some in pages for page in some)
        assert len(pages) >= 60
        assert len({name for card in every for name in card.names}) == sum(len(card.names) for card in every)
        assert all(not isinstance(card.bandwidth, tuple) or len(card.bandwidth) == len(card.memory) for card in every)

    def test_ram(self) -> None:
        """A machine without a card."""
        assert cards.read("64GB RAM")[:2] == ((), 64 * GIB)
        assert cards.read("512MB RAM").ram == GIB // 2
        assert cards.read("CPU with 64 GB").ram == 64 * GIB

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("RTX 4091", "near are RTX 4090"),
            ("4091", "near are RTX 4090"),
            ("a toaster", '\n  say its memory: on="24GB"'),
            ("M3 Max", "how much memory"),
            ("RAM", "how much RAM"),
            ("", "names no machine"),
            ("2x", "names no machine"),
            ("0x H100", "that could exist"),
            ("-5GB", "that could exist"),
            ("999x H100", "that could exist"),
            ("a toaster", 'on="24GB"'),
            (7, "names no machine"),
        ],
    )
    def test_refused(self, text: Any, message: str) -> None:
        """What is no machine is refused, with the nearest names or what to say."""
        with pytest.raises(Unsupported) as caught:
            cards.read(text)
        assert message in str(caught.value)

    @pytest.mark.parametrize(
        ("text", "bandwidth"),
        [("A100 40GB", 1555), ("A100 80GB", 2039), ("H100 PCIe", 2039), ("M4 Max 36GB", 410), ("M4 Max 128GB", 546), ("M1 Pro 16GB", 200), ("24GB", None)],
    )
    def test_bandwidth(self, text: str, bandwidth: int | None) -> None:
        """Chips of one name with more memory may have more bandwidth, and those of Apple have one too."""
        assert cards.bandwidth(cards.read(text).cards[0]) == bandwidth

    def test_bandwidths(self) -> None:
        """A list of bandwidths has one for each size."""
        for entry in cards.cards().card:
            assert not isinstance(entry.bandwidth, tuple) or len(entry.bandwidth) == len(entry.memory), entry.names

    def test_unique(self) -> None:
        """No name stands for two cards, and the smallest memory comes first."""
        names = [cards._key(name) for entry in cards.cards().card for name in entry.names]
        assert len(names) == len(set(names))
        assert all(list(entry.memory) == sorted(entry.memory) for entry in cards.cards().card)


class TestPlanFor:
    """A plan for a machine that one does not have."""

    def test_on(self, gguf_file: Path) -> None:
        """Memory is counted against that machine, by a type and a number of conversations; the plan says so."""
        here = plan(gguf_file, engine="transformers", device="cpu", dtype="bfloat16")
        made = plan(gguf_file, engine="transformers", on="2x RTX 4090", concurrency=3, kv_dtype="fp8")
        assert (made.on, made.device, made.memory.place) == ("2x RTX 4090", "cuda", "on 2 x RTX 4090")
        assert made.memory.kv is not None
        assert here.memory.kv is not None
        assert made.memory.kv == here.memory.kv * 3 // 2
        assert made.memory.framework == 2 * 500_000_000
        assert made.memory.fits
        assert "planned for 2 x RTX 4090" in str(made)
        assert "in each of 3 conversations" in str(made)

    def test_longest(self, gguf_file: Path) -> None:
        """How many tokens fit falls with the number of conversations; on a card that is too small none do."""
        sizes = [plan(gguf_file, engine="transformers", on="1GB", concurrency=many).memory.longest_context for many in (1, 50)]
        assert sizes[0] is not None
        assert sizes[1] is not None
        assert sizes[0] > sizes[1] > 0
        assert plan(gguf_file, engine="transformers", on="0.1GB").memory.longest_context == 0
        assert plan(gguf_file, engine="transformers", on="0.1GB").memory.fits is False

    def test_not_loaded(self, gguf_file: Path) -> None:
        """It cannot be loaded here, and what no engine is told of is not taken by load."""
        from modelcatalog import load

        with pytest.raises(Unsupported, match="for RTX 4090, and not for this machine"):
            load(plan(gguf_file, on="RTX 4090"))
        with pytest.raises(Unsupported, match="is not told of it"):
            load(gguf_file, device="cpu", kv_dtype="fp8")
        counted = plan(gguf_file, device="cpu", kv_dtype="fp8")
        assert counted.kv_dtype == "fp8"
        with pytest.raises(Unsupported, match="is not told of it"):
            load(counted)

    @pytest.mark.parametrize("options", [{"on": "a toaster"}, {"concurrency": 0}, {"concurrency": True}, {"kv_dtype": "fp3"}, {"on": "24GB", "device": "cuda"}])
    def test_refused(self, options: dict[str, Any], gguf_file: Path) -> None:
        """What means nothing is refused by its name."""
        with pytest.raises(Unsupported):
            plan(gguf_file, **options)
