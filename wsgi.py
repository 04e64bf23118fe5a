from ingest import log
from ingest.app import create_app

log.setup()
app = create_app()
