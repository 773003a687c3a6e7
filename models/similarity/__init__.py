"""Near duplicates: of images by perceptual hash, of sentences by their words."""
