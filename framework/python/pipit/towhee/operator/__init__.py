"""Base classes that operators may have."""

from pipit.towhee.operator.base import NNOperator, Operator, OperatorFlag, PyOperator, SharedType

__all__ = ["NNOperator", "Operator", "OperatorFlag", "PyOperator", "SharedType"]
