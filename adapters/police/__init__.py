"""What the public security department's legacy systems send."""
