"""The doctor: checks everything that a person would check, and says what to do."""
