"""The recurrent prior: gated linear recurrence with hashed n-gram and word embeddings, in exact arithmetic."""
