"""What a run of any size will take, from what smaller ones took."""
