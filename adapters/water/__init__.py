"""The water department's legacy formats."""
