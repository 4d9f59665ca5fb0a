"""The experiments of "Language Modeling Is Compression" (Delétang et al., 2023) on data at hand."""
