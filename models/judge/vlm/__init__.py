"""Vision-language models that are trained to judge: ours, and published ones."""
