"""Language models that others trained, made into models of the exact engine: see `convert`."""
