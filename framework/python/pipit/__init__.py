"""pipit: pipelines of operators, videos, images and texts to vectors.

>>> import pipit
>>> shout = pipit.operator(inputs={"text": "string"}, outputs={"loud": "string"})(str.upper)
>>> pipeline = pipit.Pipeline(
...     '''
... pipit: 1
... inputs: {text: string}
... nodes:
...   - {name: shout, op: python.upper, in: text, out: loud}
... outputs: [loud]
... ''',
...     operators=[shout],
... )
>>> pipeline(text="hello")["loud"]
'HELLO'
"""

from pipit._errors import Error, ItemError
from pipit._frame import Frame
from pipit._index import Index
from pipit._native import Column
from pipit._native import version as _version
from pipit._operator import Operator, operator
from pipit._pipeline import Future, Pipeline, pipelines_folder
from pipit._result import Result
from pipit._table import to_table

__version__ = _version()

__all__ = [
    "Column",
    "Error",
    "Frame",
    "Future",
    "Index",
    "ItemError",
    "Operator",
    "Pipeline",
    "Result",
    "operator",
    "pipelines_folder",
    "to_table",
]
