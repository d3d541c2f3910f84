"""DINOv2: single pictures to hidden states."""
