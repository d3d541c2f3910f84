"""STIMULI of `tribe-np batch plan`: what a person gives, made a list of named stimuli."""
