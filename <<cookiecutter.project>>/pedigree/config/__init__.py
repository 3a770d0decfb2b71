"""Problem definition: compose the settings from conf/ and find every mistake in them."""
