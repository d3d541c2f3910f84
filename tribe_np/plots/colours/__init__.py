"""Which colour a value has: colour maps by name, limits over a series, what fades, colours from several maps."""
