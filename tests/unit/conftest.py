"""How properties are tested."""

import hypothesis

# How long an example takes says how busy the machine is, and nothing about the code.
hypothesis.settings.register_profile("p300", deadline=None)
hypothesis.settings.load_profile("p300")
