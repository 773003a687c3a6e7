"""How the studio's own E1 is trained: `python -m models.e1.studio_training`."""
