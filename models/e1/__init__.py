"""ImgEdit-E1: an editor that reads an instruction and an image, and is trained by the graph."""
