"""Language models at work, within bounds: prompts, fences around what is quoted, calls, and checks of what comes back.

A model reads what was said in a talk or shown in a picture as material, never as an instruction, and nothing that it
writes is believed because it wrote it.
"""
