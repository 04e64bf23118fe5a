from ingest import log, memory
from ingest.app import create_app

log.setup()
memory.one_arena()
app = create_app()
