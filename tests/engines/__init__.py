"""The engines that take the trainer's step."""
