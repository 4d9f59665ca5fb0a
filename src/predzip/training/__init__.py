"""Training of the neural priors with torch (extra `train`); nothing that compresses or decompresses needs it.

    sources   files, folders, .xz -> kinds of data, each with a held-out tail
    batches   random crops (Transformers) and contiguous lanes (recurrent models)
    presets   architectures and recipes by name
    run       one training run: data, model, optimisers, loop, export, card

Modules here may import torch when they are imported; whoever is outside imports them inside functions.
"""
