"""What the weather department's legacy systems send."""
