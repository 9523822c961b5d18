"""Including from Python; done by TypeScript (`lens/workspace.py` puts the functions here)."""
