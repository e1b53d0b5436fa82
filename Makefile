# `make demo` runs the main job, `make test` every test. Both set up what they need, as root or not.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: demo test lint bench bench-load bench-growth proof long postgres workers wordpress lock clean

demo: .stamps/runtime
	@$(BIN)/foldline demo --home .demo-home $(ARGS)

test: .stamps/dev .stamps/readability .stamps/emulate .stamps/schemas
	@./scripts/system-packages
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: .stamps/dev
	$(BIN)/ruff format --check src tests scripts examples
	$(BIN)/ruff check src tests scripts examples
	FOLDLINE_HOME=tests/settings_home FOLDLINE_SECRET=read-by-the-type-checker-and-used-for-nothing $(BIN)/mypy
	$(BIN)/lint-imports

# Speed, as ratios within one run beside nginx: docs/performance.md says how to read them.
bench: .stamps/dev
	@./scripts/system-packages
	$(BIN)/python -m scripts.bench $(ARGS)

# A day of a newspaper behind nginx, in three minutes: every answer is held against what its reader may read.
bench-load: .stamps/dev
	@./scripts/system-packages
	$(BIN)/python -m scripts.load $(ARGS)

# What things cost with ten thousand readers and with a million. Needs 15 GB of disk, and half an hour; with ARGS=--postgresql twice
# as much of both, and PostgreSQL.
bench-growth: .stamps/dev
	$(BIN)/python -m scripts.growth $(ARGS)

# That nothing leaks, in its long form: half an hour on two cores. It ends with what was asked of each source.
proof: .stamps/dev .stamps/readability .stamps/emulate .stamps/schemas
	@./scripts/system-packages
	FOLDLINE_PROOF=long $(BIN)/python -m pytest tests/proof tests/abuse tests/fold/page tests/fold/test_lists_cut.py tests/recipes/test_path_confusion.py tests/browser/test_left_behind.py tests/browser/test_audit_of_the_demo.py tests/audit tests/server/test_as_if_gated.py -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

# Long forms of what must be true beside that: histories of payments, kills between charge and entitlement, a full newsstand, outages,
# restarts, every page in both colours at both widths, and both tutorials.
long: .stamps/dev .stamps/readability .stamps/emulate .stamps/schemas
	@./scripts/system-packages
	FOLDLINE_PROOF=long $(BIN)/python -m pytest tests/billing/test_chaos.py tests/billing/test_paying_processes.py tests/newsstand/test_full_stand.py tests/newsroom/test_newsroom_import.py tests/operations tests/outage tests/server/test_rolling.py tests/load tests/browser/test_accessibility.py tests/browser/test_account.py tests/browser/test_desk.py tests/docs/test_tutorials.py -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

# What makes homes of its own, with all of them in PostgreSQL instead of files, and the journeys in a browser there, with four
# workers. Tests of files themselves are left out.
postgres: .stamps/dev
	@./scripts/system-packages
	FOLDLINE_TEST_DATABASE=postgresql $(BIN)/python -m pytest tests/stores tests/gate tests/proof tests/readers tests/newsroom tests/institutions tests/billing tests/desk -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)
	FOLDLINE_TEST_DATABASE=postgresql FOLDLINE_TEST_WORKERS=4 $(BIN)/python -m pytest tests/browser tests/proof/test_wire.py -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

# The other two of four: journeys and twins over files with four workers, and over PostgreSQL with one.
workers: .stamps/dev
	@./scripts/system-packages
	FOLDLINE_TEST_WORKERS=4 $(BIN)/python -m pytest tests/browser tests/proof/test_wire.py -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)
	FOLDLINE_TEST_DATABASE=postgresql $(BIN)/python -m pytest tests/browser tests/proof/test_wire.py -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

# WordPress itself, with PHP and MariaDB from Debian: apart, for not everybody wants these installed.
wordpress: .stamps/dev
	@./scripts/wordpress-packages
	FOLDLINE_WORDPRESS=1 $(BIN)/python -m pytest tests/sites/test_wordpress.py tests/recipes/test_real_wordpress.py tests/proof/test_origin_twins.py -k wordpress $(ARGS)

# Whatever is needed is in the lock, so that pip resolves nothing; resolved for the oldest Python that is supported: Debian 12's own 3.11.2.
lock: .stamps/dev
	@$(BIN)/pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile pyproject.toml --python-version 3.11.2 --upgrade --no-header --no-emit-index-url --no-annotate --generate-hashes -q -o requirements/runtime.txt
	$(BIN)/uv pip compile pyproject.toml --extra dev --python-version 3.11.2 --upgrade --no-header --no-emit-index-url --no-annotate --generate-hashes -q -o requirements/dev.txt

.stamps/venv:
	@./scripts/make-venv $(PYTHON) $(VENV)
	@mkdir -p .stamps && touch $@

.stamps/runtime: .stamps/venv requirements/runtime.txt pyproject.toml
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -r requirements/runtime.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.stamps/dev: .stamps/runtime requirements/dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -r requirements/dev.txt
	@touch $@

# Mozilla Readability, the reader mode of Firefox, for the tests that ask what it makes of our pages.
.stamps/readability: .stamps/venv scripts/fetch-from-npm
	./scripts/fetch-from-npm $(BIN)/python $@ @mozilla/readability 0.6.0 6d3c3cc50dad51b543925deadc66d5b58cd2262d1d585f2ae0a44975627ad919 Readability.js
	@touch $@

# Schemas of JSON Feed, of sitemaps and of Atom, which others wrote: that of RFC 4287 lies in an example of lxml's.
.stamps/schemas: .stamps/venv scripts/fetch-from-npm scripts/fetch-from-pypi
	./scripts/fetch-from-npm $(BIN)/python $@ jsonfeed-schema 0.5.0 fe979a0e941aaf99b43cdfb5a31599f339db9dda9106c7763e207233bdfdf29f schema-v1.1.json
	./scripts/fetch-from-npm $(BIN)/python $@ sitemap 9.0.1 413c182add50ef752a3a700a406eb3d8f0ef06bb4b80868563cea7d3ea620575 schema/sitemap.xsd
	./scripts/fetch-from-pypi $(BIN)/python $@ lxml 5.4.0 d12832e1dbea4be280b22fd0ea7c9b87f0d8fc51ba06e92dc62d52f804f78ebd doc/s5/ep2008/atom.rng
	@mv $@/schema/sitemap.xsd $@/ && touch $@

# A payment page that is not ours, for the test of Stripe's adapter. `emulate@latest` is another package.
.stamps/emulate: .stamps/venv scripts/fetch-from-npm
	./scripts/fetch-from-npm $(BIN)/python $@/node_modules/emulate emulate 0.12.2 14b83aa045d603340a2a6a4dcfc41a5531cf6244eb0bdd0306d0cc1afcb297a1
	@touch $@

clean:
	rm -rf $(VENV) .stamps .demo-home
