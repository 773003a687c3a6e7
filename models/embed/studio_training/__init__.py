"""How the studio's own CLIP is trained: `python -m models.embed.studio_training`."""
