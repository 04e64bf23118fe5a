from __future__ import annotations

from ingest.channels.graph.client import BATCH, Access, Answer, Graph, path_of
from ingest.channels.graph.errors import PARAMETER
from ingest.channels.graph.leads import FIELDS, LeadSource
from ingest.channels.graph.names import NameBook

__all__ = ["BATCH", "FIELDS", "PARAMETER", "Access", "Answer", "Graph", "LeadSource", "NameBook", "path_of"]
