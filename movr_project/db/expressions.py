"""Expressions that work on all three engines."""

from django.db.models import FloatField, Value


def float_value(number: float) -> Value:
    """Return a number as an expression of type float, so that mixing it with columns needs no cast."""
    return Value(float(number), output_field=FloatField())
