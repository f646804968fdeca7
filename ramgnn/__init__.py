"""RAM-GNN rebuilt: recommendations from multi-relational graphs, with reasons."""

__version__ = "0.1.0"
