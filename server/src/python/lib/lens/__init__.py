"""The Python side of the sandbox: everything that runs in it and is ours."""
