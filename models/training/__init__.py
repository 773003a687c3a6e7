"""How networks are trained here, whatever they learn: steps, states, and what is told of them."""
