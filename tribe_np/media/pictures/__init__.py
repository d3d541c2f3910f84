"""Pictures as stimuli: read with Pillow, laid on a ground at the models' aspect, handed on as video frames."""
