from __future__ import annotations

from ingest.channels.graph.client import BATCH, Access, Answer, Graph
from ingest.channels.graph.leads import FIELDS, LeadSource

__all__ = ["BATCH", "FIELDS", "Access", "Answer", "Graph", "LeadSource"]
