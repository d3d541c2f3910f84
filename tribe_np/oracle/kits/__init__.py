"""Conformance kits: a model's configuration, weights, inputs and what is right at every named stage, in plain files."""
