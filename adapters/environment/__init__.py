"""What the environment department's legacy systems send."""
