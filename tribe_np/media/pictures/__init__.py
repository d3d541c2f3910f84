"""Pictures as stimuli: files read with Pillow, laid on a ground at the models' aspect, and handed on as video frames."""
