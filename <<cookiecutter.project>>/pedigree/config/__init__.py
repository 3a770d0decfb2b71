"""Problem definition: settings are composed from conf/ and every mistake in them is found."""
