"""What `sysconfig` looks for since `sys.platform` says linux: the interpreter's own data, under its own name."""

import importlib

build_time_vars = importlib.import_module("_sysconfigdata__emscripten_wasm32-emscripten").build_time_vars
