"""DINOv2: single pictures into hidden states; the optional image feature of TRIBE v2, off in the released model."""
