"""What stands between the numbers of `gan_core` and the words of the pages."""
