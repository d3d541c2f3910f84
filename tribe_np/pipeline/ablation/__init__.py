"""What is predicted of a stimulus with some of its modalities: features once, the brain encoder for every subset."""
