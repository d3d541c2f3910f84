"""What is done with predictions; takes arrays only."""
