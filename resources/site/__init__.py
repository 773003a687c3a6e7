"""Pages over a home: who may ask for them, and how they are served."""
