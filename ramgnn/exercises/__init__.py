"""Exercises that check themselves: ``check("01.2", answer)`` says right, or which step is wrong and why.

The same check runs in Jupyter, in Colab and in the tests. One module for each chapter holds its exercises.
``python -m ramgnn.exercises FOLDER`` marks a folder of returned notebooks: see `ramgnn.exercises.gradebook`.
"""

from ramgnn.exercises.checking import Exercise, Step, check, exercise, exercises

__all__ = ["Exercise", "Step", "check", "exercise", "exercises"]
