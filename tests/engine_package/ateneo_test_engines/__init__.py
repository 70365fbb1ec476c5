"""What tests hear with: PocketSphinx (small, real, English), an engine that says what a script says, and a Whisper of
random weights; and sounds for them to hear."""
