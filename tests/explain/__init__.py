"""What the teaching pages compute."""
