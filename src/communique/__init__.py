"""The press office's publishing pipeline."""
