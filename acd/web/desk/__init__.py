"""The operator's desk: his state, the call in hand, what he writes of it, and the requests for colleagues.

The **office** (:mod:`acd.web.desk.office`) knows the live side: what the engine says of each operator, whose page is
open, and which contact is in hand. The books are the records. Pages and API are thin over these.
"""

from acd.web.desk.books import ContactBook, RequestBook
from acd.web.desk.office import Office
from acd.web.desk.routes import add_desk

__all__ = ["ContactBook", "Office", "RequestBook", "add_desk"]
