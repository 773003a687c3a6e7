"""Who computes: the devices of a run, and the models that are kept warm on them."""
