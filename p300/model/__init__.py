"""MODEL: what separates Target from NonTarget, and how honestly that was measured. Pure."""
