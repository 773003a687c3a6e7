"""Language models that answer in a fixed form, and the roles that are asked of them."""
