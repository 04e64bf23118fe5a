from ingest import settings
from ingest.web import server

globals().update(server.options(settings.load()))
